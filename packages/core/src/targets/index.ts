export { alignLabels, alignTarget, targetMismatch } from './align.ts';
export { perSample } from './per-sample.ts';
