// BERT against PyTorch: what a tiny one says, and the gradients of all of its parameters; and how many parameters BERT base has.
import { readFileSync } from 'node:fs';
import { grad, graphInput, ops, type Tensor, tensor } from 'stratus';
import { describe, expect, it } from 'vitest';
import { buildGraph } from '../../packages/core/src/nn/index.ts';
import { runGraph } from '../../packages/core/test/support/run-graph.ts';
import { type BertSizes, bertBase, buildBert } from './bert.ts';

interface Saved {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('../../golden/bert.json', import.meta.url), 'utf8')) as {
  readonly sizes: BertSizes;
  readonly length: number;
  readonly tokens: number[][];
  readonly segments: number[][];
  readonly parameters: Record<string, Saved>;
  readonly states: Saved;
  readonly pooled: Saved;
  readonly seeds: { readonly states: Saved; readonly pooled: Saved };
  readonly gradients: Record<string, Saved>;
};
const load = ({ shape, data }: Saved): Tensor => tensor(Float32Array.from(data), { shape });

function near(got: Tensor, want: Saved, what: string): void {
  expect(got.shape, what).toEqual(want.shape);
  const scale = Math.max(1, ...want.data.map(Math.abs));
  const far = want.data.map((x, i) => Math.abs(Number(got.data[i]) - x) / scale);
  expect(Math.max(...far), what).toBeLessThan(1e-4);
}

describe('BERT', () => {
  it('is PyTorch’s: values and gradients', async () => {
    const net = buildBert(golden.sizes, { length: golden.length });
    const built = buildGraph(net.architecture, { training: true });
    expect(built.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(golden.parameters).sort());
    const values = new Map(built.parameters.map(({ name, value }) => [name, value]));
    const { states, pooled } = built.outputs as Record<'states' | 'pooled', (typeof built.outputs)[string]>;
    const seeds = { states: graphInput('seed/states', states.shape), pooled: graphInput('seed/pooled', pooled.shape) };
    const total = ops.add(ops.reduceSum(ops.mul(states, seeds.states)), ops.reduceSum(ops.mul(pooled, seeds.pooled)));
    const names = Object.keys(golden.gradients);
    const gradients = grad(
      total,
      names.map((name) => values.get(name)!),
    );
    const tokens = tensor(golden.tokens, { dtype: 'int32' });
    const got = await runGraph(
      {
        name: 'bert',
        inputs: [...Object.values(built.inputs), ...Object.values(seeds), ...values.values()],
        outputs: { states, pooled, ...Object.fromEntries(gradients.map((g, i) => [`d/${names[i]!}`, g])) },
      },
      {
        tokens,
        'seed/states': load(golden.seeds.states),
        'seed/pooled': load(golden.seeds.pooled),
        segments: tensor(golden.segments, { dtype: 'int32' }),
        ...Object.fromEntries(Object.entries(golden.parameters).map(([name, value]) => [name, load(value)])),
      },
    );
    const width = golden.sizes.width;
    const real = (got['states']!.data as Float32Array).map((x, i) => (tokens.data[Math.floor(i / width)] === 0 ? 0 : x));
    near(tensor(real, { shape: golden.states.shape }), golden.states, 'states');
    near(got['pooled']!, golden.pooled, 'pooled');
    for (const [name, want] of Object.entries(golden.gradients)) near(got[`d/${name}`]!, want, `gradient of ${name}`);
    await net.release();
  });

  it('has the parameters of BERT base', () => {
    const count = ({ vocabulary, width, layers, intermediate, maxLength }: BertSizes): number => {
      const dense = (from: number, to: number): number => from * to + to;
      const block = 4 * dense(width, width) + dense(width, intermediate) + dense(intermediate, width) + 4 * width;
      return (vocabulary + maxLength + 2) * width + 2 * width + layers * block + dense(width, width);
    };
    // The formula holds for the tiny one; the large one would have to draw all of its numbers first.
    const { parameters } = buildGraph(buildBert(golden.sizes, { length: golden.length }).architecture, { training: true });
    expect(parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)).toBe(count(golden.sizes));
    expect(count(bertBase)).toBe(109_482_240);
  });
});
