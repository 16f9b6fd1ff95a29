export { defaultBodyLimitBytes, type ServeAppOptions, serveApp, writeError } from './app.ts';
export type { Ask } from './ask.ts';
export { Batcher } from './batcher.ts';
export type { BatcherOptions } from './batcher-limits.ts';
export { BodyReader } from './body.ts';
export { checkComplete, checkShape, findPort, type SizesSeen } from './check-feeds.ts';
export { incompatibility, type PortForm, type SignatureForm, signatureIn } from './compatibility.ts';
export { DataPlane, type DataPlaneOptions, type ModelChoice } from './data-plane.ts';
export { decodeOutputs, type WantedOutput } from './decode-request.ts';
export { type Front, setFront } from './front.ts';
export { giveTurn } from './give-turn.ts';
export { classify } from './labels.ts';
export { newApp } from './new-app.ts';
export type { BatchRecord, FieldsOf, Refusal, RequestRecord, ServingObserver } from './observer.ts';
export type {
  InferRequest,
  InferResponse,
  ModelMetadata,
  RequestInput,
  RequestOutput,
  RequestParameters,
  ResponseElement,
  ResponseOutput,
  ServerMetadata,
  TensorMetadata,
} from './protocol.ts';
export { modelConfig } from './protocols/oip/config.ts';
export { type QuickExchange, quickLane } from './quick-lane.ts';
export { type RawInput, rawSize, tensorOfBytes, writeRaw } from './raw.ts';
export { readRecords } from './read-records.ts';
export { type Prediction, type PredictRecord, type PredictResponse, recordPorts } from './records.ts';
export type { IndexEntry, Repository, RepositoryOptions } from './repository.ts';
export type { RepositoryControl } from './repository-control.ts';
export type { DriftOrder, HealthOrder, RolloutDrift, RolloutHealth, WatchDrift, WatchHealth } from './rollout.ts';
export type { DescribedPath, DescribedPaths } from './route.ts';
export { openServable, type Servable, type ServableOptions, type ServablePort } from './servable.ts';
export type { ShadowCounts, ShadowRecord } from './shadow-report.ts';
export type { Shelf, ShelvedModel } from './shelf.ts';
export {
  Statistics,
  type StatisticsAnswer,
  type StatisticsPlace,
  type StatisticsSource,
  statisticsPlaces,
} from './statistics.ts';
export { statusOf } from './status.ts';
export type { RequestTrace, ServingTraces, TracedRequest } from './traces.ts';
export type { ChangeNote, Traffic, TrafficReport, VersionReport } from './traffic.ts';
export {
  checkRule,
  checkSignatures,
  type DriftLimits,
  type RollbackLimits,
  type Route,
  type Shadow,
  type TrafficChange,
  type TrafficRule,
} from './traffic-rule.ts';
export { type ModelConfig, typedClient } from './typed-client.ts';
export { VersionHealth } from './version-health.ts';
export { sampleFeeds } from './warm-up.ts';
export { didYouMean } from './wording.ts';
