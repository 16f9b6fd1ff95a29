// Products of two square matrices by an executor, in a process of its own. Arguments: threads, device or '-', then the sizes.
import { createInterface } from 'node:readline';
import { exportGraph, graphInput, ops, type Program, Tensor, version } from '@stratus/core';
import { executorOrEnd } from '../shared/executor-on.ts';

const [threads = '1', device = '-', ...sizes] = process.argv.slice(2);
const answer = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);
const executor = await executorOrEnd(device === '-' ? undefined : device, Number(threads));

const matrix = (size: number, factor: number): Tensor =>
  new Tensor(
    'float32',
    [size, size],
    Float32Array.from({ length: size * size }, (_, i) => ((i * factor) % 1000) / 1000 - 0.5),
  );

const running = new Map<string, { readonly program: Program; readonly feeds: Readonly<Record<string, Tensor>> }>();
async function steps({ variant, count }: { readonly variant: string; readonly count: number }) {
  const size = Number(variant);
  let known = running.get(variant);
  if (!known) {
    const [a, b] = [graphInput('a', [size, size]), graphInput('b', [size, size])];
    const program = await executor.compile(
      exportGraph({ name: 'product', inputs: [a, b], outputs: { product: ops.matMul(a, b) } }),
    );
    known = { program, feeds: { a: matrix(size, 7), b: matrix(size, 13) } };
    running.set(variant, known);
  }
  let product: Tensor | undefined;
  const start = performance.now();
  for (let i = 0; i < count; i++) product = (await known.program.run(known.feeds))['product'];
  const ms = performance.now() - start;
  const first = (product!.data as Float32Array).subarray(0, size);
  return { ms, steps: count, loss: first.reduce((sum, x) => sum + Math.abs(x), 0) / size };
}

answer({ library: 'Stratus', version, threads: Number(threads), variants: sizes, about: executor.description });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await steps(JSON.parse(line) as { variant: string; count: number }));
  } catch (e) {
    answer({ error: e instanceof Error ? (e.stack ?? e.message) : String(e) });
  }
}
process.exit(0);
