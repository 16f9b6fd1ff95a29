export type { ActiveRun, ChildOptions, RunEnd } from './active-run.ts';
export { keyOfCheckpoints } from './checkpoint-key.ts';
export { givenParams } from './given-params.ts';
export type { Undelivered } from './outbox.ts';
export type { Recording, RecordingOptions } from './recording.ts';
export { recover } from './recover.ts';
export { type RunState, stateOf } from './run-state.ts';
export { currentRun, record, type StartRunOptions, startRun } from './start-run.ts';
export { undeliveredText } from './undelivered-text.ts';
