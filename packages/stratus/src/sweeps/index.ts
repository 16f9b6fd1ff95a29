export { type RegisterBestOptions, registerBest } from './best.ts';
export { complete, defineSweep, definitionOf, type SweepDefinition } from './definition.ts';
export { parameters } from './parameters.ts';
export { byValue, listSweeps, readSweep, type SweepInfo, type TrialInfo } from './records.ts';
export { commandLine, scriptTrials } from './script-trials.ts';
export { type SweepProgress, type SweepRequest, type SweepResult, type SweepTrial, sweep } from './sweep.ts';
export type { Trial } from './trial.ts';
