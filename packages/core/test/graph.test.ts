import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { grad } from '../src/grad/index.ts';
import {
  apply,
  checkGraph,
  constant,
  type Graph,
  graphInput,
  inScope,
  type Node,
  type Op,
  printGraph,
  toposort,
  type Value,
} from '../src/graph/index.ts';
import { add, concat, gather, matMul, mul, reduceSum, reshape, sigmoid, split, transpose } from '../src/ops/index.ts';
import { full, tensor, zeros } from '../src/tensor/index.ts';

const lines = (...text: string[]): string => text.join('\n');
const graphOf = (inputs: readonly Value[], outputs: Readonly<Record<string, Value>>, name = 'g'): Graph => ({
  name,
  inputs,
  outputs,
});

/** 2 -> 3 -> 1 with sigmoid, summed. */
function network() {
  const x = graphInput('x', ['batch', 2]);
  const [w1, b1, w2] = [graphInput('w1', [2, 3]), graphInput('b1', [3]), graphInput('w2', [3, 1])];
  const hidden = inScope('dense_1', () => sigmoid(add(matMul(x, w1), b1)));
  const y = inScope('dense_2', () => matMul(hidden, w2));
  const loss = inScope('loss', () => reduceSum(mul(y, y)));
  return { x, w1, b1, w2, loss };
}

describe('printGraph', () => {
  it('shows inputs, nodes with where they were built, outputs', () => {
    const { x, w1, b1, w2, loss } = network();
    expect(printGraph(graphOf([x, w1, b1, w2], { loss }, 'network'))).toBe(
      lines(
        'graph network(x: float32[batch, 2], w1: float32[2, 3], b1: float32[3], w2: float32[3, 1]) {',
        '  %0 = MatMul(x, w1): float32[batch, 3]  # dense_1',
        '  %1 = Add(%0, b1): float32[batch, 3]  # dense_1',
        '  %2 = Sigmoid(%1): float32[batch, 3]  # dense_1',
        '  %3 = MatMul(%2, w2): float32[batch, 1]  # dense_2',
        '  %4 = Mul(%3, %3): float32[batch, 1]  # loss',
        '  %5 = ReduceSum(%4, keepdims=0): float32[]  # loss',
        '  return loss = %5',
        '}',
      ),
    );
  });

  it('shows the gradient of a network', () => {
    const { x, w1, b1, w2, loss } = network();
    const [dw1, db1, dw2] = grad(loss, [w1, b1, w2]);
    expect(printGraph(graphOf([x, w1, b1, w2], { dw1: dw1!, db1: db1!, dw2: dw2! }, 'gradients'))).toBe(
      lines(
        'graph gradients(x: float32[batch, 2], w1: float32[2, 3], b1: float32[3], w2: float32[3, 1]) {',
        '  %0 = Transpose(x, perm=[1, 0]): float32[2, batch]  # dense_1.bwd',
        '  %1 = Reshape(1.0, [1, 1]): float32[1, 1]  # loss.bwd',
        '  %2 = MatMul(x, w1): float32[batch, 3]  # dense_1',
        '  %3 = Add(%2, b1): float32[batch, 3]  # dense_1',
        '  %4 = Sigmoid(%3): float32[batch, 3]  # dense_1',
        '  %5 = MatMul(%4, w2): float32[batch, 1]  # dense_2',
        '  %6 = Mul(%5, %5): float32[batch, 1]  # loss',
        '  %7 = Shape(%6): int64[2]  # loss.bwd',
        '  %8 = Expand(%1, %7): float32[batch, 1]  # loss.bwd',
        '  %9 = Mul(%8, %5): float32[batch, 1]  # loss.bwd',
        '  %10 = Mul(%8, %5): float32[batch, 1]  # loss.bwd',
        '  %11 = Add(%9, %10): float32[batch, 1]  # loss.bwd',
        '  %12 = Transpose(w2, perm=[1, 0]): float32[1, 3]  # dense_2.bwd',
        '  %13 = MatMul(%11, %12): float32[batch, 3]  # dense_2.bwd',
        '  %14 = Sub(1.0, %4): float32[batch, 3]  # dense_1.bwd',
        '  %15 = Mul(%4, %14): float32[batch, 3]  # dense_1.bwd',
        '  %16 = Mul(%13, %15): float32[batch, 3]  # dense_1.bwd',
        '  %17 = MatMul(%0, %16): float32[2, 3]  # dense_1.bwd',
        '  %18 = ReduceSum(%16, [0], keepdims=0): float32[3]  # dense_1.bwd',
        '  %19 = Transpose(%4, perm=[1, 0]): float32[3, batch]  # dense_2.bwd',
        '  %20 = MatMul(%19, %11): float32[3, 1]  # dense_2.bwd',
        '  return dw1 = %17, db1 = %18, dw2 = %20',
        '}',
      ),
    );
  });

  it('adds no nodes for what is frozen', () => {
    const { x, w1, b1, w2, loss } = network();
    const [dw2] = grad(loss, [w2]);
    expect(printGraph(graphOf([x, w1, b1, w2], { dw2: dw2! }, 'last'))).toBe(
      lines(
        'graph last(x: float32[batch, 2], w1: float32[2, 3], b1: float32[3], w2: float32[3, 1]) {',
        '  %0 = MatMul(x, w1): float32[batch, 3]  # dense_1',
        '  %1 = Add(%0, b1): float32[batch, 3]  # dense_1',
        '  %2 = Sigmoid(%1): float32[batch, 3]  # dense_1',
        '  %3 = Transpose(%2, perm=[1, 0]): float32[3, batch]  # dense_2.bwd',
        '  %4 = Reshape(1.0, [1, 1]): float32[1, 1]  # loss.bwd',
        '  %5 = MatMul(%2, w2): float32[batch, 1]  # dense_2',
        '  %6 = Mul(%5, %5): float32[batch, 1]  # loss',
        '  %7 = Shape(%6): int64[2]  # loss.bwd',
        '  %8 = Expand(%4, %7): float32[batch, 1]  # loss.bwd',
        '  %9 = Mul(%8, %5): float32[batch, 1]  # loss.bwd',
        '  %10 = Mul(%8, %5): float32[batch, 1]  # loss.bwd',
        '  %11 = Add(%9, %10): float32[batch, 1]  # loss.bwd',
        '  %12 = MatMul(%3, %11): float32[3, 1]  # dense_2.bwd',
        '  return dw2 = %12',
        '}',
      ),
    );
  });

  it('writes small constants out and large ones by content', () => {
    const x = graphInput('x', [2]);
    const pick = (c: ReturnType<typeof tensor>): string =>
      printGraph(graphOf([], { y: constant(c, 'any') }))
        .split('\n')[1]!
        .replace('  return y = ', '');
    expect(pick(tensor([1, -0.5, 1e-7, Infinity, NaN]))).toBe('[1.0, -0.5, 1e-7, inf, nan]');
    expect(pick(tensor([0.1]))).toBe('[0.1]');
    expect(
      pick(
        tensor([
          [1n, 2n],
          [3n, 4n],
        ]),
      ),
    ).toBe('[[1, 2], [3, 4]]');
    expect(pick(tensor(3))).toBe('3.0');
    expect(pick(tensor(-0))).toBe('-0.0');
    expect(pick(tensor([1, 2], { dtype: 'int32' }))).toBe('[1, 2]:int32');
    expect(pick(tensor(0.1, { dtype: 'float64' }))).toBe('0.1:float64');
    expect(pick(tensor([true, false]))).toBe('[true, false]');
    expect(pick(tensor(['a"b']))).toBe('["a\\"b"]');
    expect(pick(zeros([0], 'int64'))).toBe('[]');
    expect(pick(zeros([0]))).toBe('[]:float32');
    expect(pick(zeros([0, 3]))).toMatch(/^float32\[0, 3\]#[0-9a-f]{8}$/);
    const [a, b] = [pick(full([3, 3], 1)), pick(full([3, 3], 2))];
    expect(a).toMatch(/^float32\[3, 3\]#[0-9a-f]{8}$/);
    expect(a).not.toBe(b);
    expect(pick(full([3, 3], 1))).toBe(a);
    expect(printGraph(graphOf([x], { y: mul(x, 2) }))).toContain('%0 = Mul(x, 2.0): float32[2]');
  });

  it('shows several outputs, attributes that differ from their default, missing inputs', () => {
    const x = graphInput('x', ['batch', 4]);
    const [a, b] = split(x, [1, 3], { axis: 1 });
    const y = concat([b!, a!], { axis: -1 });
    const odd: Op = {
      type: 'Odd',
      domain: 'com.example',
      since: 1,
      attrs: {
        alpha: { kind: 'float', default: 0.5 },
        names: { kind: 'strings' },
        how: { kind: 'string' },
        table: { kind: 'tensor' },
        scales: { kind: 'floats' },
      },
      infer: (ins) => [ins[1]!],
      gradient: 'unknown',
    };
    const [z] = apply(odd, [undefined, y], { alpha: 0.1, names: ['a'], how: 'fast', table: tensor([1n]), scales: [0.1, 2] });
    const [usual] = apply(odd, [undefined, z], { alpha: 0.5 });
    expect(printGraph(graphOf([x], { usual: usual!, a: a! }))).toBe(
      lines(
        'graph g(x: float32[batch, 4]) {',
        '  %0.0, %0.1 = Split(x, [1, 3], axis=1): float32[batch, 1], float32[batch, 3]',
        '  %1 = Concat(%0.1, %0.0, axis=-1): float32[batch, 4]',
        '  %2 = com.example.Odd(_, %1, alpha=0.1, names=["a"], how="fast", table=[1], scales=[0.1, 2.0]): float32[batch, 4]',
        '  %3 = com.example.Odd(_, %2): float32[batch, 4]',
        '  return usual = %3, a = %0.0',
        '}',
      ),
    );
  });

  it('marks what is reached but not listed', () => {
    const x = graphInput('x', [2]);
    expect(printGraph(graphOf([], { y: add(x, 1) }))).toContain('Add(x!, 1.0)');
  });
});

describe('gradients', () => {
  /** Pairs of a broadcast that feeds a sum: work for nothing. */
  const detours = (outputs: readonly Value[]): string[] =>
    toposort(outputs).flatMap((node) =>
      node.ins.filter((v) => node.op.type === 'ReduceSum' && v?.node?.op.type === 'Expand').map(() => node.path),
    );

  it('do not broadcast only to sum again', () => {
    const { w1, b1, w2, loss } = network();
    expect(detours(grad(loss, [w1, b1, w2]))).toEqual([]);
    const x = graphInput('x', [4, 3]);
    const b = graphInput('b', [3]);
    expect(detours(grad(reduceSum(mul(add(x, b), x)), [x, b]))).toEqual([]);
    // The sum is there and is seen: without that, the test above could not fail.
    expect(detours(grad(reduceSum(add(x, b)), [b]))).toEqual(['']);
  });
});

describe('checkGraph', () => {
  const x = graphInput('x', ['batch', 2]);
  const said = (graph: Graph): string => {
    try {
      checkGraph(graph);
      return 'fine';
    } catch (e) {
      expect(StratusError.is(e) && e.code).toBe('bad-graph');
      return (e as Error).message;
    }
  };

  it('lets whole graphs pass', () => {
    const { x: input, w1, b1, w2, loss } = network();
    const gradients = grad(loss, [w1, b1, w2]);
    expect(said(graphOf([input, w1, b1, w2], { loss, a: gradients[0]!, b: gradients[1]!, c: gradients[2]! }))).toBe('fine');
    const tokens = graphInput('tokens', ['batch', 'time'], 'int32');
    const picked = gather(graphInput('table', [10, 4]), tokens);
    const y = reshape(transpose(picked, [1, 0, 2]), ['time', 'batch', 2, 2]);
    expect(said(graphOf([tokens, picked.node!.ins[0]!], { y, same: tokens, k: constant(tensor(1)) }))).toBe('fine');
  });

  it.each<[string, Graph, string | RegExp]>([
    ['no outputs', graphOf([x], {}), 'got no outputs'],
    ['an input twice', graphOf([x, graphInput('x', [1])], { y: add(x, 1) }), "two inputs named 'x'"],
    [
      'an input without a name',
      graphOf([graphInput('', [3])], { y: constant(tensor(1)) }),
      'an input of shape [3] without a name',
    ],
    ['a constant as an input', graphOf([constant(tensor(1), 'c')], { y: x }), 'an input that is a constant'],
    ['a result as an input', graphOf([add(x, 1)], { y: x }), 'an input that is made by Add'],
    ['an output without a name', graphOf([x], { '': add(x, 1) }), 'an output without a name'],
    ['an output named like an input', graphOf([x], { x: add(x, 1) }), "an output and an input named 'x'"],
    [
      'an input that is not listed',
      graphOf([x], { y: inScope('dense_1', () => add(x, graphInput('b', [2]))) }),
      "at dense_1: got the input 'b', which Add reads",
    ],
    ['an output that is not listed as an input', graphOf([], { y: x }), "the input 'x', which the output 'y' reads"],
    [
      'two constants with one name',
      graphOf([x], { y: add(add(x, constant(tensor(1), 'c')), constant(tensor(2), 'c')) }),
      "a constant named 'c'",
    ],
    ['a constant named like an input', graphOf([x], { y: add(x, constant(tensor(1), 'x')) }), "a constant named 'x'"],
    ['a constant named like an output', graphOf([x], { y: add(x, constant(tensor(1), 'y')) }), "a constant named 'y'"],
  ])('refuses %s', (_, graph, message) => expect(said(graph)).toContain(message));

  it('refuses attributes that the op does not declare, or of another kind', () => {
    const concatOp = concat([x, x], { axis: 1 }).node!.op;
    const built = (attrs: Record<string, never>): Graph => {
      const node: Node = { op: concatOp, ins: [x, x], attrs, outs: [], path: 'join' };
      (node.outs as Value[]).push({ dtype: 'float32', shape: ['batch', 4], node, index: 0 });
      return graphOf([x], { y: node.outs[0]! });
    };
    expect(said(built({ axis: 1 as never }))).toBe('fine');
    expect(said(built({ axis: 1.5 as never }))).toContain(
      'Concat at join: got axis = 1.5, expected an attribute of the kind int',
    );
    expect(said(built({ axis: '1' as never }))).toContain('of the kind int');
    expect(said(built({ axis: 1 as never, axes: [1] as never }))).toContain("got the attribute 'axes', expected one of: axis");
  });

  it('refuses what does not agree with inference, and cycles', () => {
    const y = inScope('dense_1', () => matMul(x, graphInput('w', [2, 3])));
    const { node } = y;
    const swapped = (outs: readonly Value[]): Graph => {
      const copy: Node = { ...node!, outs: [] };
      for (const out of outs) (copy.outs as Value[]).push({ ...out, node: copy });
      return graphOf([x, node!.ins[1]!], { y: copy.outs[0]! });
    };
    expect(said(swapped([y]))).toBe('fine');
    expect(said(swapped([{ ...y, shape: ['batch', 4] }]))).toContain(
      'MatMul at dense_1: got output 0 as float32[batch, 4], expected float32[batch, 3]',
    );
    expect(said(swapped([{ ...y, dtype: 'float64' }]))).toContain('output 0 as float64');
    expect(said(swapped([y, y]))).toContain('got 2 outputs, expected 1');
    expect(said(swapped([{ ...y, index: 1 }]))).toContain('points elsewhere');
    const other = graphInput('other', [3, 3]);
    const misfit: Node = { ...node!, ins: [x, other], outs: [] };
    (misfit.outs as Value[]).push({ ...y, node: misfit });
    expect(said(graphOf([x, other], { y: misfit.outs[0]! }))).toContain('equal inner sizes');

    const round: Node = { ...add(x, 1).node!, ins: [x], outs: [] };
    (round.outs as Value[]).push({ dtype: 'float32', shape: ['batch', 2], node: round, index: 0 });
    (round.ins as Value[]).push(round.outs[0]!);
    expect(said(graphOf([x], { y: round.outs[0]! }))).toContain('before it is made');
  });
});
