// Where the time of a run of a served model goes: `node --import ./tools/typescript-loader.mjs bench/profile-served.ts bert-tiny [rows] [runs]`, built.
// One thread, as the sessions of a server have; the models are those of bench/shared/served-models.ts.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createExecutor, decodeArtifact, leanModel, type Tensor, tensor } from 'stratus';
import { kernels, printKernels } from './shared/kernels.ts';
import { type ServedName, servedModel } from './shared/served-models.ts';
import { median } from './shared/statistics.ts';

const [name = 'bert-tiny', rows = '16', runs = '20'] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), 'stratus-profile-'));
const { title, file, feeds: one } = await servedModel(name as ServedName, folder);
const bytes = await readFile(file);
await rm(folder, { recursive: true });
const model = (await leanModel((await decodeArtifact(bytes)).model)) ?? bytes;

/** The same record again and again. */
function repeated({ data, shape: [, ...rest] }: Tensor): Tensor {
  const all = new (data.constructor as Float32ArrayConstructor)(data.length * Number(rows));
  for (let i = 0; i < Number(rows); i++) all.set(data as Float32Array, i * data.length);
  return tensor(all).reshape([Number(rows), ...rest]);
}

const feeds = Object.fromEntries(Object.entries(one).map(([key, t]) => [key, repeated(t)]));
const executor = await createExecutor({ threads: 1 });
const program = await executor.compile(model);
const times: number[] = [];
for (let i = 0; i < Number(runs); i++) {
  const start = performance.now();
  await program.run(feeds);
  times.push(performance.now() - start);
}
await program.release();
const each = median(times) / Number(rows);
console.log(`${title}, ${rows} rows, one thread: ${median(times).toFixed(2)} ms a run, ${each.toFixed(3)} ms a row`);
printKernels(await kernels({ model, executor, feeds }, { steps: Number(runs) }));
process.exit(0);
