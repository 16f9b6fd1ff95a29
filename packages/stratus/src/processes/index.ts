export { killLeftOvers, signalGroup, thisPlace } from './groups.ts';
export { isRunning, isThere, processName } from './names.ts';
