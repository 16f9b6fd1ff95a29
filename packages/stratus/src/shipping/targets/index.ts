import type { Target } from '../target.ts';
import { compose } from './compose.ts';
import { docker } from './docker.ts';
import { helm } from './helm.ts';
import { kserve } from './kserve.ts';

/** Where models can be made ready for. */
export const targets = { docker, compose, helm, kserve } satisfies Readonly<Record<string, Target>>;
