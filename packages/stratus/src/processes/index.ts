export { killLeftOvers, signalGroup, thisPlace } from './groups.ts';
export { isRunning, processName } from './names.ts';
