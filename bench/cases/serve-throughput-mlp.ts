// Answers a second for 64 clients, the MNIST MLP, beside other servers on the same file.
import type { Run } from '../result.ts';
import { serveRace } from '../shared/serving-race.ts';

export const run: Run = (context) => serveRace(context, 'mnist', 'serve-throughput-mlp');
