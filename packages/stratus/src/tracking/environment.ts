import { availableParallelism, cpus, hostname, totalmem } from 'node:os';
import { version } from '@stratus/core';
import type { Json } from '../store/index.ts';

/** Where a run takes place. `more` is what only the training knows. */
export const environment = (more: Readonly<Record<string, Json>> = {}): Readonly<Record<string, Json>> => ({
  stratus: version,
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() || 'unknown',
  cores: availableParallelism(),
  memory: totalmem(),
  host: hostname(),
  process: process.pid,
  folder: process.cwd(),
  ...more,
});
