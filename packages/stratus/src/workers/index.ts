export { thrown } from './failure.ts';
export { type AskPort, type Work, workInside } from './inside.ts';
export type { Question, Readiness } from './member.ts';
export { type PoolOptions, type WorkerEvent, WorkerPool, type WorkerStatus } from './pool.ts';
