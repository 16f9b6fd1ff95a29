import type { Tensor } from '@stratus/core';
import { addUpToOne, bestClass, mostClasses } from './output-watch.ts';
import { mostElements, numberAt, type Row, rowWidth } from './watches.ts';

/** A number or a category that each row of an output says. */
export interface OutputFeature {
  readonly feature: string;
  readonly kind: 'number' | 'category';
  /** What a row says, given the names of the classes that its version has. */
  readonly read: (row: Row, labels: readonly string[] | undefined) => readonly (number | string)[];
}

/** Outputs of so many numbers a row have each told apart. */
const mostColumns = 8;

/** What is compared of an output that comes as this tensor: classes, or numbers. How sure a version is of its classes is not: one that was trained longer is surer, and no worse. */
export function outputFeatures(name: string, tensor: Tensor, labels: readonly string[] | undefined): readonly OutputFeature[] {
  const width = rowWidth(tensor);
  if (tensor.dtype === 'string')
    return [{ feature: name, kind: 'category', read: ({ tensor: { data }, start }) => [String(data[start])] }];
  const isClass = tensor.shape.length === 2 && width <= mostClasses && (labels !== undefined || (width > 1 && addUpToOne(tensor, width))); // biome-ignore format: one line
  if (isClass)
    return [
      {
        feature: `${name} class`,
        kind: 'category',
        read({ tensor: own, start, width: size }, names) {
          const [place] = bestClass(own, start, size);
          return [names?.[place] ?? String(place)];
        },
      },
    ];
  if (width > 1 && width <= mostColumns)
    return Array.from({ length: width }, (_, i) => ({
      feature: `${name}[${i}]`,
      kind: 'number' as const,
      read: ({ tensor: own, start, width: size }: Row) => (i < size ? [numberAt(own, start + i)] : []),
    }));
  return [
    {
      feature: name,
      kind: 'number',
      read({ tensor: own, start, width: size }) {
        const step = Math.max(1, size / mostElements);
        const count = Math.min(size, mostElements);
        return Array.from({ length: count }, (_, i) => numberAt(own, start + Math.floor(i * step)));
      },
    },
  ];
}
