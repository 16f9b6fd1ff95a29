import { portable, type Runs } from '../graph/index.ts';

export const onWebGpu: Runs = portable;
