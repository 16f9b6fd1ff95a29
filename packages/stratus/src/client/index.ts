export { StratusError } from '@stratus/core';
export type {
  CallerInfo,
  NewAliasMoveBody as NewAliasMove,
  NewJobBody as NewJob,
  NewRunBody as NewRun,
  NewSweepBody as NewSweep,
  NewTokenBody as NewToken,
  NewTrafficRuleBody as NewTrafficRule,
  NewVersionBody as NewVersion,
  RunChangeBody as RunChange,
  RunQueryBody as RunQuery,
  WireAliasMove as AliasMove,
  WireArtifact as Artifact,
  WireAttempt as Attempt,
  WireBlob as StoredBlob,
  WireGates as Gates,
  WireJob as Job,
  WireJobLogPiece as JobLogPiece,
  WireLogPiece as LogPiece,
  WireModel as Model,
  WireToken as Token,
  WireTrafficChange as TrafficChange,
  WireVersion as Version,
} from '../api/index.ts';
export type { BlobClient, BlobInput } from './blobs.ts';
export { type Client, type ConnectOptions, connect, type NewPoint } from './connect.ts';
export type { FollowOptions } from './events.ts';
export type { JobClient } from './jobs.ts';
export type { MetricValue, Run, RunEvent, Summary } from './numbers.ts';
export type { Sweep, SweepClient, SweepTrial } from './sweeps.ts';
