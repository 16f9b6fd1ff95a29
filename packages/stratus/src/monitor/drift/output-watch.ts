import type { Tensor } from '@stratus/core';
import { columnsWatch, numberAt, type Open, pooledWatch, rowWidth, type Watch } from './watches.ts';

/** More numbers a row are no classes. */
export const mostClasses = 10_000;

/** True for a row of probabilities. */
export function addUpToOne(tensor: Tensor, width: number): boolean {
  let sum = 0;
  for (let i = 0; i < width; i++) {
    const x = numberAt(tensor, i);
    if (!(x >= 0 && x <= 1)) return false;
    sum += x;
  }
  return Math.abs(sum - 1) < 1e-2;
}

/** The best class of a row, with its number; of one number for two classes the second from a half on. */
export function bestClass(tensor: Tensor, start: number, width: number): readonly [place: number, score: number] {
  if (width === 1) {
    const second = numberAt(tensor, start);
    return second >= 0.5 ? [1, second] : [0, 1 - second];
  }
  let best = 0;
  for (let i = 1; i < width; i++) if (numberAt(tensor, start + i) > numberAt(tensor, start + best)) best = i;
  return [best, numberAt(tensor, start + best)];
}

/** What looks at an output that comes as this tensor: classes and how sure the model is of them, or numbers. */
export function outputWatch(feature: string, tensor: Tensor, labels: readonly string[] | undefined, open: Open): Watch {
  const name = { feature, of: 'output' as const };
  const width = rowWidth(tensor);
  const sure = width > 1 && addUpToOne(tensor, width);
  const classes = tensor.shape.length === 2 && width <= mostClasses && (labels !== undefined || sure);
  if (tensor.dtype === 'string') {
    const add = open({ kind: 'category', name });
    return ({ tensor: { data }, start }) => add(data[start] as string);
  }
  if (!classes) return width > 1 && width <= 8 ? columnsWatch(name, width, open) : pooledWatch(name, open);
  const chosen = open({ kind: 'category', name: { ...name, feature: `${feature} class` } });
  const confidence = open({ kind: 'number', name: { ...name, feature: `${feature} score` } });
  return ({ tensor: row, start, width: size }) => {
    const [place, score] = bestClass(row, start, size);
    chosen(labels?.[place] ?? String(place));
    confidence(score);
  };
}
