export type { LayerTime, OpTime } from './groups.ts';
export { matrixRate } from './matrix-rate.ts';
export type { Lap, Part, Place, RecordedRun, RecordedStep, Recording } from './recording.ts';
export { StepProfile, type StepProfileJson } from './step-profile.ts';
export type { KernelTime, Phase, PhaseTime } from './summary.ts';
export type { TableOptions } from './table.ts';
export type { TraceEvent, TraceFile } from './trace.ts';
