// Runs the graph of a row and says what is wrong with it.

import type { Program } from '../../src/runtime/index.ts';
import { type DType, isFloat, showShape, type Tensor, tensor } from '../../src/tensor/index.ts';
import { type BuildOptions, type BuiltRow, buildRow, sizesOf } from './build-row.ts';
import type { Golden, GoldenTensor } from './golden-rows.ts';
import { draw, type Row } from './op-rows.ts';
import { type Level, openGraph } from './run-graph.ts';
import { tolerances } from './tolerances.ts';

type Tensors = Readonly<Record<string, Tensor>>;
const numbers = (t: Tensor): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number);

/** Complains unless `actual` equals `expected`, relative to each element and `around` (a share of the largest one). */
function compare(
  name: string,
  actual: Tensor,
  { expected, tolerance, around }: { expected: GoldenTensor; tolerance: number; around: number },
): string[] {
  const values = numbers(actual);
  if (showShape(actual.shape) !== showShape(expected.shape))
    return [`${name}: shape ${showShape(actual.shape)}, PyTorch has ${showShape(expected.shape)}`];
  const largest = Math.max(0, ...expected.values.filter(Number.isFinite).map(Math.abs));
  const near = (a: number, e: number): boolean =>
    Object.is(a, e) ||
    a === e ||
    (Number.isNaN(a) && Number.isNaN(e)) ||
    Math.abs(a - e) <= tolerance * (Math.abs(e) + around * largest);
  const i = values.findIndex((v, k) => !near(v, expected.values[k]!));
  return i < 0 ? [] : [`${name}[${i}] = ${values[i]}, PyTorch has ${expected.values[i]} (tolerance ${tolerance})`];
}

/** Shapes, dtypes and values of the outputs, and both orders of gradients, against PyTorch. */
export function againstGolden(
  row: Row,
  built: BuiltRow,
  { made, golden, dtype, batch = 0 }: { made: Tensors; golden: Golden; dtype: DType; batch?: number },
): string[] {
  const { value, gradient } = tolerances[dtype]!;
  const problems = built.outputs.flatMap((y, k) => {
    const actual = made[`y${k}`]!;
    const expected = golden.outputs[k];
    if (!expected) return [`y${k}: PyTorch has no such output`];
    const inferred = [
      ...(actual.dtype === y.dtype ? [] : [`y${k}: inferred ${y.dtype}, ONNX Runtime returns ${actual.dtype}`]),
      ...(showShape(sizesOf(y.shape, batch)) === showShape(actual.shape)
        ? []
        : [`y${k}: inferred ${showShape(y.shape)}, ONNX Runtime returns ${showShape(actual.shape)}`]),
    ];
    // A float32 output of a float64 graph is no more exact than float32.
    const tolerance =
      dtype === 'float32' && row.case.tolerance
        ? row.case.tolerance.value
        : actual.dtype === 'float32'
          ? tolerances.float32!.value
          : value;
    return [...inferred, ...compare(`y${k}`, actual, { expected, tolerance: isFloat(y.dtype) ? tolerance : 0, around: 0.01 })];
  });
  if (golden.outputs.length !== built.outputs.length)
    problems.push(`${built.outputs.length} outputs, PyTorch has ${golden.outputs.length}`);
  for (const [order, letter] of [
    [golden.gradients, 'g'],
    [golden.second, 'h'],
  ] as const)
    if (built.wrt.length > 0)
      built.wrt.forEach((_, k) => {
        const expected = order?.[k];
        if (expected)
          problems.push(
            ...compare(`${letter}${k}`, made[`${letter}${k}`]!, {
              expected,
              tolerance: Math.max(gradient, dtype === 'float32' ? (row.case.tolerance?.value ?? 0) : 0),
              around: 1,
            }),
          );
        else problems.push(`${letter}${k}: PyTorch has no such gradient`);
      });
  return problems;
}

/** Slopes of the loss (order 1) and of the gradients along fixed directions (order 2), against central differences. */
export async function againstDifferences(
  row: Row,
  built: BuiltRow,
  { open, made, dtype }: { open: Program; made: Tensors; dtype: DType },
): Promise<string[]> {
  const { slope, steps } = tolerances[dtype]!;
  const along = built.wrt.map((i) => draw(`${row.id}/direction/${i}`, row.inputs[i]!.shape, [-1, 1]));
  const moved = async (by: number): Promise<Tensors> =>
    open.run({
      ...built.feeds,
      ...Object.fromEntries(
        built.wrt.map((i, k) => {
          const x = built.feeds[`x${i}`]!;
          return [
            `x${i}`,
            tensor(
              numbers(x).map((v, j) => v + by * along[k]![j]!),
              { dtype: x.dtype, shape: x.shape },
            ),
          ];
        }),
      ),
    });
  const right: Record<'loss' | 'dot', boolean> = { loss: false, dot: false };
  const seen: Record<'loss' | 'dot', string> = { loss: '', dot: '' };
  for (const step of steps) {
    const [a, b, c, d] = [await moved(-2 * step), await moved(-step), await moved(step), await moved(2 * step)];
    for (const [of, letter] of [
      ['loss', 'g'],
      ['dot', 'h'],
    ] as const) {
      const at = (t: Tensors): number => t[of]!.item();
      const numeric = (8 * (at(c) - at(b)) - (at(d) - at(a))) / (12 * step); // error of order step⁴
      const terms = built.wrt.flatMap((_, k) => numbers(made[`${letter}${k}`]!).map((g, j) => g * along[k]![j]!));
      const exact = terms.reduce((p, q) => p + q, 0);
      // The last summand: slopes that are 0 because terms cancel are 0 but for rounding.
      const size = terms.reduce((p, q) => p + Math.abs(q), 0) + Math.abs(numeric) + Math.abs(at(made)) + 1e-3;
      right[of] ||= Math.abs(numeric - exact) <= slope * size;
      seen[of] = `${numeric} by differences, ${exact} by the gradient rule (tolerance ${slope * size})`;
    }
    if (right.loss && right.dot) break;
  }
  return [...(right.loss ? [] : [`slope of order 1: ${seen.loss}`]), ...(right.dot ? [] : [`slope of order 2: ${seen.dot}`])];
}

/** Everything that can be said about a row at one dtype and one level of optimisation. */
export async function problemsOf(
  row: Row,
  {
    golden,
    level,
    differences = true,
    ...options
  }: BuildOptions & { golden?: Golden | undefined; level: Level; differences?: boolean },
): Promise<string[]> {
  const built = buildRow(row, options);
  const open = await openGraph(built.graph, level);
  try {
    const made = await open.run(built.feeds);
    const batch = row.inputs[options.symbolic?.[0] ?? 0]?.shape[0] ?? 0;
    const drawn = built.wrt.length > 0 && built.wrt.every((i) => !row.inputs[i]!.given);
    return [
      ...(golden ? againstGolden(row, built, { made, golden, dtype: options.dtype, batch }) : []),
      ...(differences && drawn ? await againstDifferences(row, built, { open, made, dtype: options.dtype }) : []),
    ];
  } finally {
    await open.release();
  }
}

/** A row of an op whose gradient is zero: small steps of its float inputs must change nothing, unless they stand at edges. */
export async function flatnessOf(row: Row, dtype: DType): Promise<string[]> {
  const built = buildRow(row, { dtype, gradient: false });
  const open = await openGraph(built.graph, 'disabled');
  try {
    const made = await open.run(built.feeds);
    const moved = row.inputs.flatMap(({ shape, dtype: d, given }, i) => {
      const x = built.feeds[`x${i}`]!;
      const along = draw(`${row.id}/direction/${i}`, shape, [-1e-3, 1e-3]);
      return d !== 'float' || given
        ? []
        : [
            [
              `x${i}`,
              tensor(
                numbers(x).map((v, j) => v + along[j]!),
                { dtype, shape },
              ),
            ] as const,
          ];
    });
    const after = await open.run({ ...built.feeds, ...Object.fromEntries(moved) });
    return Object.keys(made).flatMap((y) =>
      numbers(made[y]!).every((v, i) => Object.is(v, numbers(after[y]!)[i])) ? [] : [`${y} changed`],
    );
  } finally {
    await open.release();
  }
}
