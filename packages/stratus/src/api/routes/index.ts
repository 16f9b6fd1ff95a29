import type { AnyRoute } from '../route.ts';
import { aliases } from './aliases.ts';
import { artifacts } from './artifacts.ts';
import { blobs } from './blobs.ts';
import { events } from './events.ts';
import { jobs } from './jobs.ts';
import { logs } from './logs.ts';
import { metrics } from './metrics.ts';
import { models } from './models.ts';
import { projects } from './projects.ts';
import { runs } from './runs.ts';
import { sweeps } from './sweeps.ts';
import { tokens } from './tokens.ts';
import { traffic } from './traffic.ts';

/** All groups of routes, in the order of the documentation. */
export const groups: Readonly<Record<string, readonly AnyRoute[]>> = {
  projects,
  runs,
  metrics,
  logs,
  events,
  artifacts,
  blobs,
  models,
  aliases,
  traffic,
  jobs,
  sweeps,
  tokens,
};
