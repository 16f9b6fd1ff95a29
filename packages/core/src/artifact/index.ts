export { readCheckpoint, writeCheckpoint, type Checkpoint, type CheckpointParts } from './checkpoint.ts';
export { decodeSafetensors, encodeSafetensors, type Safetensors } from './safetensors.ts';
export { sha256 } from './sha256.ts';
export { decodeArtifact, encodeArtifact, manifestOf, type Artifact } from './artifact.ts';
export {
  type InputStatistics,
  type Manifest,
  type ManifestStep,
  type SampleRequest,
  type SignaturePort,
  type TrainingSummary,
} from './manifest.ts';
