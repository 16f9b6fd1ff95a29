// For densenet.py: the weights that DenseNet-40-12 starts with, one after another as float32, after a line of JSON that lists them.
import { writeFile } from 'node:fs/promises';
import { buildDenseNet } from '../examples/zoo/densenet.ts';

const [, , file] = process.argv;
const net = buildDenseNet({ seed: 0 });
const weights = Object.entries(await net.getWeights());
const head = new TextEncoder().encode(`${JSON.stringify(weights.map(([name, { shape }]) => [name, shape]))}\n`);
const parts = weights.map(([, { data }]) => new Uint8Array(Float32Array.from(data as Float32Array).buffer));
await writeFile(file!, Buffer.concat([head, ...parts]));
await net.release();
