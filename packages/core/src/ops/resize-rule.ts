// What Resize takes from where along one axis, as ONNX defines it: a position in the output is one in the input, and the elements
// around that have a weight each.
import { fail } from '../errors.ts';
import type { Weights } from './matrix-along.ts';

/** What decides about the weights, by ONNX's names. */
export interface ResizeRule {
  readonly mode: string;
  readonly coordinate_transformation_mode: string;
  readonly nearest_mode: string;
  readonly cubic_coeff_a: number;
  readonly exclude_outside: number;
}

/** One axis: its sizes, and how much larger it gets. */
export interface ResizedAxis {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

const coordinates: Readonly<Record<string, (at: number, axis: ResizedAxis) => number>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric: (at, { from, to, scale }) => (from / 2) * (1 - to / (from * scale)) + (at + 0.5) / scale - 0.5,
  pytorch_half_pixel: (at, { to, scale }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, to }) => (to > 1 ? (at * (from - 1)) / (to - 1) : 0),
  asymmetric: (at, { scale }) => at / scale,
};

const roundings: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Elements around a position, and their weights. */
type Taps = readonly (readonly [at: number, weight: number])[];

function tapsOf(at: number, { mode, nearest_mode, cubic_coeff_a: a }: ResizeRule, from: number): Taps {
  if (mode === 'nearest') return [[roundings[nearest_mode]!(at), 1]];
  if (mode === 'linear') {
    const inside = Math.min(Math.max(at, 0), from - 1);
    const left = Math.floor(inside);
    return [
      [left, 1 - (inside - left)],
      [left + 1, inside - left],
    ];
  }
  const left = Math.floor(at);
  return [-1, 0, 1, 2].map((k) => {
    const d = Math.abs(at - left - k);
    return [left + k, d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a];
  });
}

/** The weight of each element of the input in each element of the output. Errors: `no-gradient` for modes that have no such rule. */
export function resizeWeights(rule: ResizeRule, axis: ResizedAxis): Weights {
  const { from, to } = axis;
  const coordinate = coordinates[rule.coordinate_transformation_mode];
  if (!coordinate)
    throw fail('no-gradient', { op: `Resize with ${rule.coordinate_transformation_mode}`, at: '', path: 'input 0 of Resize' });
  return Array.from({ length: to }, (_, o) => {
    // ONNX Runtime calculates positions in float32, and rounding depends on the last bit.
    const taps = tapsOf(Math.fround(coordinate(o, axis)), rule, from);
    const row = Array<number>(from).fill(0);
    const counted = rule.exclude_outside ? taps.filter(([at]) => at >= 0 && at < from) : taps;
    const total = rule.exclude_outside ? counted.reduce((sum, [, weight]) => sum + weight, 0) : 1;
    for (const [at, weight] of counted) row[Math.min(Math.max(at, 0), from - 1)]! += weight / total;
    return row;
  });
}

/** True where each element of the input becomes a block of equal elements, if the axis gets a whole number of times as long. */
export const makesBlocks = ({ mode, coordinate_transformation_mode: coordinate, nearest_mode }: ResizeRule): boolean =>
  mode === 'nearest' && (coordinate.startsWith('half_pixel') || (coordinate === 'asymmetric' && nearest_mode === 'floor'));
