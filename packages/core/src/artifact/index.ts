export { type Artifact, decodeArtifact, encodeArtifact } from './artifact.ts';
export { type Checkpoint, type CheckpointParts, pointToCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
export { leanModel } from './lean-model.ts';
export {
  type InputStatistics,
  type Manifest,
  type ManifestStep,
  type NumberStatistics,
  type SampleRequest,
  type SignaturePort,
  statisticsProbabilities,
  type TextStatistics,
  type TrainingSummary,
} from './manifest.ts';
export { decodeSafetensors, encodeSafetensors, encodeSafetensorsInTurns, type Safetensors } from './safetensors.ts';
export { sampleProjection } from './sample-projection.ts';
export { sha256 } from './sha256.ts';
