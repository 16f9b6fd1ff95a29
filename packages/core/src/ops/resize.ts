import { fail } from '../errors.ts';
import { apply, constant, type Info, type Value } from '../graph/index.ts';
import { type Dim, divDims, mulDims, type Shape, showShape, tensor } from '../tensor/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { matrixAlong, matrixUpTo, transposed } from './matrix-along.ts';
import { reduceSum } from './reduce-sum.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { makesBlocks, resizeWeights } from './resize-rule.ts';
import { axesIn, axisIn, knownDims } from './rules.ts';
import { dimsOf } from './shape.ts';

const attrs = {
  antialias: { kind: 'int', default: 0 },
  axes: { kind: 'ints' },
  coordinate_transformation_mode: { kind: 'string', default: 'half_pixel' },
  cubic_coeff_a: { kind: 'float', default: -0.75 },
  exclude_outside: { kind: 'int', default: 0 },
  extrapolation_value: { kind: 'float', default: 0 },
  keep_aspect_ratio_policy: { kind: 'string', default: 'stretch' },
  mode: { kind: 'string', default: 'nearest' },
  nearest_mode: { kind: 'string', default: 'round_prefer_floor' },
} as const;

interface ResizeInputs {
  readonly x: Info;
  readonly roi?: Info | undefined;
  readonly scales?: Info | undefined;
  readonly sizes?: Info | undefined;
}

/** @internal */
export const resizeOp = defineOp({
  type: 'Resize',
  since: 19,
  inputs: ['x'],
  optional: ['roi', 'scales', 'sizes'],
  outputs: ['y'],
  attrs,
  written: [
    {
      before: 11,
      attrs: { mode: { kind: 'string', default: 'nearest' } },
      read: (op, [x, scales], { mode }) =>
        apply(op, [x, undefined, scales], {
          ...Object.fromEntries(
            Object.entries(attrs).map(([name, spec]) => [name, 'default' in spec ? spec.default : undefined]),
          ),
          mode,
          coordinate_transformation_mode: 'asymmetric',
          nearest_mode: 'floor',
        }),
    },
  ],
  infer(ins, { axes, keep_aspect_ratio_policy: policy }) {
    if (policy !== 'stretch')
      throw fail('bad-value', { what: 'Resize', got: `keep_aspect_ratio_policy '${policy}'`, want: "'stretch'" });
    const shape = changesOf(ins, axes).reduce<Shape>((s, { axis, to }) => s.with(axis, to), ins.x.shape);
    return { y: { dtype: ins.x.dtype, shape } };
  },
  grad(ins, rule) {
    const { x, dy } = ins;
    const back = changesOf(ins, rule.axes).reduceRight((term, { axis, to, scale }) => {
      const from = x.shape[axis]!;
      if (to === from && (scale ?? 1) === 1) return term;
      const times = divDims(to, from);
      if (rule.antialias) throw fail('no-gradient', { op: 'Resize with antialias', at: '', path: 'input 0 of Resize' });
      if (typeof from === 'number' && typeof to === 'number' && Math.max(from, to) <= matrixUpTo)
        return matrixAlong(term, axis, transposed(resizeWeights(rule, { from, to, scale: scale ?? to / from })));
      if (typeof times !== 'number' || !makesBlocks(rule))
        throw fail('no-gradient', {
          op: `Resize of an axis of ${from} to ${to} with the mode '${rule.mode}'`,
          at: '',
          path: 'input 0 of Resize',
        });
      const blocks = [...term.shape.slice(0, axis), from, times, ...term.shape.slice(axis + 1)];
      return reduceSum(reshape(term, blocks), { axes: [axis + 1] });
    }, dy);
    return { x: reshapeLike(back, x), roi: null, scales: null, sizes: null };
  },
});

/** What happens to one axis. `scale`: as given, or undefined where the size was. */
interface Change {
  readonly axis: number;
  readonly to: Dim;
  readonly scale: number | undefined;
}

function changesOf({ x, scales, sizes }: ResizeInputs, given: readonly number[] | undefined): Change[] {
  axesIn('Resize', given ?? [], x.shape);
  const axes = (given ?? x.shape.map((_, i) => i)).map((axis) => axisIn('Resize', axis, x.shape));
  const known = sizes && sizes.shape[0] !== 0 ? knownDims(sizes) : undefined;
  const factors = scales?.data && scales.shape[0] !== 0 ? Array.from(scales.data.data as ArrayLike<number>, Number) : undefined;
  if ((known ?? factors)?.length !== axes.length || (factors && !factors.every((f) => f > 0 && Number.isFinite(f))))
    throw fail('bad-value', {
      what: 'Resize',
      got:
        known || factors
          ? `${known ? 'sizes' : 'scales'} ${showShape(known ?? factors!)}`
          : 'no scales and no sizes, or those of run time',
      want: `one constant scale above 0, or one known size, for each of ${axes.length} axes`,
    });
  return axes.map((axis, i) =>
    known ? { axis, to: known[i]!, scale: undefined } : { axis, to: grown(x.shape[axis]!, factors![i]!), scale: factors![i]! },
  );
}

function grown(size: Dim, scale: number): Dim {
  if (typeof size === 'number') return Math.floor(Math.fround(size * scale));
  if (Number.isInteger(scale)) return mulDims(size, scale);
  return divDims(size, 1 / scale) ?? `floor(${size} * ${scale})`;
}

/** What {@link resize} takes. */
export interface ResizeOptions {
  /** The axes to resize: those of `scales` or `sizes`. */
  readonly axes: readonly number[];
  /** How many times as long each axis gets. Give these or `sizes`. */
  readonly scales?: readonly number[] | undefined;
  /** How long each axis gets. */
  readonly sizes?: readonly number[] | undefined;
  /** 'nearest' unless told. */
  readonly mode?: 'nearest' | 'linear' | 'cubic' | undefined;
  /** Where an element lies; 'half_pixel' unless told: PyTorch's align_corners=False. */
  readonly coordinates?: 'half_pixel' | 'pytorch_half_pixel' | 'align_corners' | 'asymmetric' | undefined;
  /** How 'nearest' rounds; 'round_prefer_floor' unless told. */
  readonly rounding?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil' | undefined;
}

/**
 * Enlarges or shrinks along some axes, by interpolation.
 *
 * Shapes: `[.., n, ..] -> [.., floor(n scale), ..]`. Errors: `bad-value` for scales or sizes that do not fit the axes. Linear and
 * cubic modes have a gradient where sizes are known when the graph is built.
 * Source: ONNX Resize-19, torch.nn.functional.interpolate.
 *
 * @example
 * import { graphInput, ops } from '@stratus/core';
 * const x = graphInput('x', ['batch', 3, 8, 8]);
 * console.log(ops.resize(x, { axes: [2, 3], scales: [2, 2], mode: 'linear' }).shape); // ['batch', 3, 16, 16]
 */
export function resize(x: Value, { axes, scales, sizes, mode, coordinates, rounding }: ResizeOptions): Value {
  const along = axes.map((axis) => axisIn('Resize', axis, x.shape));
  const given = scales ?? sizes ?? [];
  if (given.length !== along.length)
    throw fail('bad-value', {
      what: 'Resize',
      got: `${given.length} scales or sizes`,
      want: `one for each of ${along.length} axes`,
    });
  // For all axes: ONNX Runtime mixes them up when it moves a Transpose past a Resize that names its axes.
  const all = (list: readonly number[], others: Shape): Shape =>
    along.reduce<Shape>((full, axis, i) => full.with(axis, list[i]!), others);
  return resizeOp(
    {
      x,
      scales:
        scales &&
        constant(
          tensor(
            all(
              scales,
              x.shape.map(() => 1),
            ) as number[],
            { dtype: 'float32' },
          ),
        ),
      sizes: sizes && dimsOf(all(sizes, x.shape), x),
    },
    { mode, coordinate_transformation_mode: coordinates, nearest_mode: rounding },
  ).y;
}

const float32 = 'ONNX Runtime has no float64 kernel';
const corners = "mode='bilinear', align_corners=True";

/** @internal */
export const resizeCases: OpCase[] = [
  {
    name: 'nearest',
    ins: [[2, 3, 2, 3]],
    build: (x) => resize(x, { axes: [2, 3], scales: [2, 3] }),
    torch: 'F.interpolate(a, scale_factor=(2, 3))',
    float32,
  },
  {
    name: 'nearest to a size',
    ins: [[2, 2, 5, 4]],
    build: (x) => resize(x, { axes: [2, 3], sizes: [3, 7], rounding: 'round_prefer_ceil' }),
    torch: "F.interpolate(a, (3, 7), mode='nearest-exact')",
    float32,
  },
  {
    name: 'nearest, asymmetric',
    ins: [[2, 1, 5, 4]],
    build: (x) => resize(x, { axes: [2, 3], sizes: [7, 2], coordinates: 'asymmetric', rounding: 'floor' }),
    torch: 'F.interpolate(a, (7, 2))',
    float32,
  },
  {
    name: 'long',
    ins: [[1, 1, matrixUpTo]],
    build: (x) => resize(x, { axes: [2], scales: [2] }),
    torch: 'F.interpolate(a, scale_factor=2)',
    float32,
  },
  {
    name: 'linear',
    ins: [[2, 2, 3, 4]],
    build: (x) => resize(x, { axes: [2, 3], scales: [2, 2], mode: 'linear' }),
    torch: "F.interpolate(a, scale_factor=2, mode='bilinear')",
    float32,
  },
  {
    name: 'linear to a size',
    ins: [[2, 1, 5, 4]],
    build: (x) => resize(x, { axes: [2, 3], sizes: [3, 9], mode: 'linear' }),
    torch: "F.interpolate(a, (3, 9), mode='bilinear')",
    float32,
  },
  {
    name: 'aligned corners',
    ins: [[2, 1, 3, 4]],
    build: (x) => resize(x, { axes: [2, 3], sizes: [5, 6], mode: 'linear', coordinates: 'align_corners' }),
    torch: `F.interpolate(a, (5, 6), ${corners})`,
    float32,
  },
  {
    name: 'cubic',
    ins: [[2, 1, 4, 5]],
    build: (x) => resize(x, { axes: [2, 3], scales: [2, 3], mode: 'cubic' }),
    torch: "F.interpolate(a, scale_factor=(2, 3), mode='bicubic')",
    float32,
  },
];
