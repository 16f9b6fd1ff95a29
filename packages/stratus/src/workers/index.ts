export { type AskPort, type Work, workInside } from './inside.ts';
export type { Readiness } from './member.ts';
export { type PoolOptions, type WorkerEvent, WorkerPool, type WorkerStatus } from './pool.ts';
