export { type GradOptions, grad } from './grad.ts';
export type { Parts } from './recompute.ts';
