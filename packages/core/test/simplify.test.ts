// A graph without what is calculated twice and what calculates nothing gives the same bits; what is not the same stays.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apply, type Graph, type Op, toposort, type Value } from '../src/graph/index.ts';
import { constant, graphInput, ops, tensor } from '../src/index.ts';
import { stopGradient } from '../src/ops/index.ts';
import { simplify } from '../src/passes/index.ts';
import { full } from '../src/tensor/index.ts';
import { runGraph } from './support/run-graph.ts';

const x = graphInput('x', ['batch', 4]);
const w = graphInput('w', [4, 4]);
const graphOf = (outputs: readonly Value[], inputs: readonly Value[] = [x, w]): Graph => ({
  name: 'net',
  inputs,
  outputs: Object.fromEntries(outputs.map((value, i) => [`y${i}`, value])),
});
const opsOf = (graph: Graph): string[] => toposort(Object.values(graph.outputs)).map(({ op }) => op.type);
const left = (...outputs: Value[]): string[] => opsOf(simplify(graphOf(outputs)));
const bits = ({ data }: { readonly data: unknown }): number[] => {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return [...new Uint8Array(buffer, byteOffset, byteLength)];
};

/** Zeros of both signs, infinities and NaN among plain numbers. */
const hard = [1, -0, 0, Number.POSITIVE_INFINITY, -1.5, Number.NaN, 3e38, -2, 0.1, 7, -0, 1e-3];

/** Steps from the values so far to one more: which, of which values. */
const steps: readonly ((a: Value, b: Value) => Value)[] = [
  (a, b) => ops.add(a, b),
  (a, b) => ops.mul(a, b),
  (a, b) => ops.sub(a, b),
  (a) => ops.add(a, 0),
  (a) => ops.add(-0, a),
  (a) => ops.sub(a, 0),
  (a) => ops.mul(a, 1),
  (a) => ops.mul(constant(full([1, 4], 1)), a),
  (a) => ops.div(a, 1),
  (a) => ops.sub(0, a),
  (a) => ops.neg(a),
  (a) => ops.relu(a),
  (a) => ops.identity(a),
  (a) => stopGradient(a),
  (a) => ops.reshape(ops.reshape(a, [-1, 2, 2]), ['batch', 4]),
  (a) => ops.reshape(ops.reshape(a, [-1]), [-1, 4]),
  (a) => ops.transpose(ops.transpose(a, [1, 0])),
  (a) => ops.transpose(ops.add(ops.transpose(a), 0)),
  (a) => ops.cast(ops.not(ops.not(ops.greater(a, 0))), 'float32'),
  (a, b) => ops.add(a, ops.expandLike(constant(full([], 0.5)), b)),
  (a, b) => ops.mul(a, ops.cast(ops.greater(ops.shapeOf(b), 1), 'float32').shape.length === 1 ? 1 : 2),
  (a) => ops.reshapeLike(ops.reshape(a, [4, -1]), x),
];

describe('simplify', () => {
  it('gives the same bits, in fewer nodes', async () => {
    let fewer = 0;
    const step = fc.tuple(fc.nat(steps.length - 1), fc.nat(1000), fc.nat(1000));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 40 }), async (plan) => {
        const values: Value[] = [x];
        for (const [which, a, b] of plan) values.push(steps[which]!(values[a % values.length]!, values[b % values.length]!));
        const graph = graphOf(values.slice(-3), [x]);
        const simple = simplify(graph);
        const feeds = { x: tensor(Float32Array.from(hard)).reshape([3, 4]) };
        const [want, got] = [await runGraph(graph, feeds, 'disabled'), await runGraph(simple, feeds, 'disabled')];
        for (const name of Object.keys(want)) {
          expect(got[name]!.shape).toEqual(want[name]!.shape);
          expect(bits(got[name]!)).toEqual(bits(want[name]!));
        }
        expect(opsOf(simple).length).toBeLessThanOrEqual(opsOf(graph).length);
        expect(simplify(simple)).toBe(simple);
        if (opsOf(simple).length < opsOf(graph).length) fewer++;
      }),
      { numRuns: 60, seed: 5 },
    );
    expect(fewer).toBeGreaterThan(30);
  });

  it('calculates once what is calculated twice', () => {
    const twice = (v: Value): Value => ops.mul(ops.tanh(ops.matMul(v, w)), 2);
    expect(left(ops.sub(twice(x), twice(x)))).toEqual(['MatMul', 'Tanh', 'Mul', 'Sub']);
    expect(left(ops.reduceSum(x, { axes: [1] }), ops.reduceSum(x, { axes: [1] }))).toEqual(['ReduceSum']);
  });

  it.each<[string, () => readonly Value[]]>([
    ['attributes', () => [ops.softmax(w, { axis: 0 }), ops.softmax(w, { axis: 1 })]],
    ['the order of inputs', () => [ops.sub(x, 2), ops.sub(2, x)]],
    ['constants', () => [ops.add(x, 1), ops.add(x, 2)]],
    ['zeros of two signs', () => [ops.div(x, 0), ops.div(x, -0)]],
    ['shapes of constants', () => [ops.add(x, constant(full([1], 2))), ops.add(x, constant(full([1, 1], 2)))]],
    ['dtypes', () => [ops.cast(x, 'int32'), ops.cast(x, 'int64')]],
    ['names of constants', () => [ops.add(x, constant(full([4], 0.5), 'a')), ops.add(x, constant(full([4], 0.5), 'b'))]],
  ])('tells nodes apart by %s', (_, make) => {
    const graph = graphOf(make());
    expect(simplify(graph)).toBe(graph);
  });

  it('leaves nodes of an op that draws numbers', () => {
    const drawn: Op = {
      type: 'RandomUniformLike',
      domain: '',
      since: 1,
      attrs: {},
      infer: ([like]) => [{ dtype: like!.dtype, shape: like!.shape }],
      gradient: 'zero',
      impure: true,
    };
    const draw = (): Value => apply(drawn, [ops.identity(x)], {})[0]!;
    expect(left(ops.sub(draw(), draw()))).toEqual(['RandomUniformLike', 'RandomUniformLike', 'Sub']);
    const loop = (): Value =>
      ops.scan({ states: [], inputs: [x], body: (_, [row]) => ({ states: [], outputs: [apply(drawn, [row!], {})[0]!] }) })
        .outputs[0]!;
    expect(left(loop(), loop())).toEqual(['Scan', 'Scan']);
  });

  it.each<[string, () => Value]>([
    ['a product with one', () => ops.mul(x, constant(full([4], 1)))],
    ['a sum with -0', () => ops.add(constant(full([], -0)), x)],
    ['a difference with 0', () => ops.sub(x, 0)],
    ['transposing there and back', () => ops.transpose(ops.identity(ops.transpose(x)))],
    ['two signs', () => ops.neg(ops.identity(ops.neg(x)))],
    ['a shape and back', () => ops.reshape(ops.identity(ops.reshape(x, [-1])), ['batch', 4])],
    ['a cast to its own dtype', () => ops.cast(ops.identity(x), 'float32')],
  ])('leaves out %s', (_, make) => expect(left(make())).toEqual([]));

  it.each<[string, () => Value, string[]]>([
    ['a sum with 0, which turns -0 into 0', () => ops.add(x, 0), ['Add']],
    ['what makes the result larger', () => ops.mul(x, constant(full([2, 1, 1], 1))), ['Mul']],
    ['a number minus a value', () => ops.sub(0, x), ['Sub']],
    [
      'another order of axes',
      () => ops.transpose(ops.identity(ops.transpose(graphInput('x', [2, 3, 4]), [1, 2, 0])), [1, 2, 0]),
      ['Transpose'],
    ],
  ])('leaves %s', (_, make, want) => {
    const value = make();
    expect(opsOf(simplify(graphOf([value], [x, w])))).toEqual(want);
  });

  it('writes whole numbers without zero', () => {
    const n = graphInput('n', [3], 'int64');
    expect(opsOf(simplify(graphOf([ops.add(n, 0)], [n])))).toEqual([]);
  });

  it('knows sizes, and reads each once', () => {
    const y = ops.relu(x);
    const three = ops.add(ops.add(ops.shapeOf(x), ops.shapeOf(y)), ops.shapeOf(ops.tanh(y)));
    expect(left(y, ops.expandLike(constant(full([], 1)), y), ops.expandLike(constant(full([], 2)), x))).toEqual([
      'Relu',
      'Shape',
      'Expand',
      'Expand',
    ]);
    expect(left(three).filter((op) => op === 'Shape')).toEqual(['Shape']);
    expect(left(ops.shapeOf(w))).toEqual([]);
  });

  it('reads a size where the least has to be calculated for it, so that nothing waits in memory', () => {
    const early = ops.tanh(x);
    let late: Value = early;
    for (let i = 0; i < 5; i++) late = ops.exp(late);
    const one = constant(full([], 1));
    const [first, second] = Object.values(
      simplify(graphOf([ops.mul(late, ops.expandLike(one, late)), ops.mul(early, ops.expandLike(one, early))])).outputs,
    );
    expect(toposort([second!]).map(({ op }) => op.type)).not.toContain('Exp');
    expect(toposort([first!, second!]).filter(({ op }) => op.type === 'Shape').length).toBe(1);
  });

  it('works in the bodies of loops, and lets loops over one body be joined', async () => {
    const states = [graphInput('h', [4])];
    const again = (v: Value): Value => ops.tanh(ops.add(ops.mul(v, 1), ops.mul(v, 1)));
    const run = (): Value =>
      ops.scan({
        states,
        inputs: [x],
        body([h], [row]) {
          const next = ops.add(again(ops.mul(h!, row!)), again(ops.mul(h!, row!)));
          return { states: [next], outputs: [] };
        },
      }).states[0]!;
    const graph = graphOf([run(), run()], [x, states[0]!]);
    const simple = simplify(graph);
    expect(opsOf(simple)).toEqual(['Scan']);
    const [scan] = toposort(Object.values(simple.outputs));
    expect(opsOf(scan!.attrs['body'] as Graph)).toEqual(['Mul', 'Add', 'Tanh', 'Add']);
    const feeds = {
      x: tensor(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i))).reshape([3, 4]),
      h: tensor([1, 2, 3, 4]),
    };
    expect(await runGraph(simple, feeds, 'disabled')).toEqual(await runGraph(graph, feeds, 'disabled'));
  });

  it('takes time in proportion to the nodes: 100,000, one after another', () => {
    let chain: Value = x;
    for (let i = 0; i < 50_000; i++) chain = ops.add(ops.tanh(chain), ops.tanh(chain));
    const simple = simplify(graphOf([chain])); // what went with the square of it would not end within the minute that a test has
    expect(opsOf(simple).length).toBe(100_000);
  });
});
