// A fresh process, from `import 'stratus'` to the end of the first training step of the MLP; and what the import loads, beside TensorFlow.js.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { quick } from '../shared/quick.ts';
import { median } from '../shared/statistics.ts';

const rounds = quick ? 3 : 15;

interface Start {
  readonly import: number;
  readonly build: number;
  readonly step: number;
  readonly total: number;
}

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const script = (name: string): string => join(root, 'bench/peers', name);
  const tfjsFolder = join(root, '.peers');
  const hasTfjs = existsSync(join(tfjsFolder, 'node_modules/@tensorflow/tfjs'));
  if (!hasTfjs) log('skipped: TensorFlow.js: not in .peers; node tools/peers.mjs installs it');
  const starts: Start[] = [];
  const imports = { stratus: [] as number[], tfjs: [] as number[] };
  const timeImport = async (name: string, folder: string): Promise<number> =>
    (await child<{ ms: number }>(script('import-time.mjs'), [name, folder], signal)).ms;
  for (let round = -1; round < rounds; round++) {
    const start = await child<Start>(script('first-step.mjs'), [], signal);
    const own = await timeImport('stratus', root);
    const theirs = hasTfjs ? await timeImport('@tensorflow/tfjs', tfjsFolder) : undefined;
    if (round < 0) continue; // files come into the cache of the system
    starts.push(start);
    imports.stratus.push(own);
    if (theirs !== undefined) imports.tfjs.push(theirs);
  }
  const size = await child<{ modules: number; bytes: number }>(script('import-size.mjs'), ['stratus', root], signal);
  const of = (key: keyof Start): number => median(starts.map((start) => start[key]));
  const ms = (x: number): string => `${x.toFixed(0)} ms`;
  const results: Result[] = [
    {
      name: "from import 'stratus' to the first training step of the MLP",
      reached: of('total'),
      target: 400,
      better: 'lower',
      unit: 'ms',
      detail: `median of ${rounds} fresh processes: import ${ms(of('import'))}, model ${ms(of('build'))}, first step ${ms(of('step'))}`,
    },
    {
      name: "import 'stratus': files",
      reached: size.modules,
      target: 200,
      better: 'lower',
      unit: 'files',
      detail: `${(size.bytes / 1024).toFixed(0)} KB of JavaScript`,
    },
  ];
  if (imports.tfjs.length > 0)
    results.push({
      name: "import 'stratus' / import '@tensorflow/tfjs'",
      reached: median(imports.stratus) / median(imports.tfjs),
      target: 1,
      better: 'lower',
      unit: 'ratio',
      detail: `${ms(median(imports.stratus))} against ${ms(median(imports.tfjs))}`,
    });
  return keep(context, 'startup', { results, starts, imports, size });
};
