export { type Artifact, decodeArtifact, encodeArtifact } from './artifact.ts';
export { type Checkpoint, type CheckpointParts, pointToCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export type {
  InputStatistics,
  Manifest,
  ManifestStep,
  SampleRequest,
  SignaturePort,
  TrainingSummary,
} from './manifest.ts';
export { decodeSafetensors, encodeSafetensors, encodeSafetensorsInTurns, type Safetensors } from './safetensors.ts';
export { sha256 } from './sha256.ts';
