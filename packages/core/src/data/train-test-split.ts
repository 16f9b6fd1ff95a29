import { fail } from '../errors.ts';
import { permutation, randomKey, type Tensor } from '../tensor/index.ts';
import type { Columns, Table } from './table.ts';

/** Options of {@link trainTestSplit}. */
export interface TrainTestSplitOptions {
  /** The share of the records that the second table gets; a quarter unless told. */
  readonly testSize?: number | undefined;
  /** The order in which records are drawn; 0 unless told. */
  readonly seed?: number | undefined;
  /** The column of labels whose shares both tables keep. */
  readonly stratify?: string | undefined;
}

/** The rows of each label, or all rows where there are no labels. */
function groupsOf(count: number, labels: Tensor | undefined): number[][] {
  const groups = new Map<unknown, number[]>();
  for (let i = 0; i < count; i++) {
    const label: unknown = labels?.data[i];
    const group = groups.get(label);
    if (group) group.push(i);
    else groups.set(label, [i]);
  }
  return [...groups.values()];
}

/**
 * Two tables with no record in common, drawn at random; with `stratify`, so that both have the same shares of each label.
 *
 * Shapes: n records to about `n (1 - testSize)` and `n testSize`. Errors: `bad-value` for a share that leaves one side (of a label)
 * empty, or a column of labels with more than one number a record; `unknown-name` for a column. Source: sklearn.model_selection.train_test_split.
 *
 * @example
 * import { table, tensor, trainTestSplit } from '@stratus/core';
 * const data = table({ x: tensor([1, 2, 3, 4, 5, 6, 7, 8]), y: tensor([0, 0, 0, 0, 1, 1, 1, 1]) });
 * const [train, test] = trainTestSplit(data, { testSize: 0.25, stratify: 'y' });
 * console.log(train.length, [...test.y.data].sort()); // 6 [0, 1]
 */
export function trainTestSplit<C extends Columns, R>(
  data: Table<C, R>,
  { testSize = 0.25, seed = 0, stratify }: TrainTestSplitOptions = {},
): readonly [Table<C, R>, Table<C, R>] {
  const labels = stratify === undefined ? undefined : data.column(stratify);
  if (labels && labels.shape.length !== 1)
    throw fail('bad-value', {
      what: 'trainTestSplit',
      got: `labels with ${labels.shape.length} axes`,
      want: 'one label a record',
    });
  const isTest = new Uint8Array(data.length);
  const order = permutation(data.length, randomKey(seed));
  const place = new Uint32Array(data.length);
  for (const [i, row] of order.entries()) place[row] = i;
  for (const group of groupsOf(data.length, labels)) {
    const count = Math.round(group.length * testSize);
    if (!(testSize > 0 && testSize < 1) || count === 0 || count === group.length)
      throw fail('bad-value', {
        what: 'trainTestSplit',
        got: `testSize = ${testSize} of ${group.length} records${labels ? ' with the same label' : ''}`,
        want: 'a share between 0 and 1 that leaves records on both sides',
      });
    group.sort((a, b) => place[a]! - place[b]!);
    for (const row of group.slice(0, count)) isTest[row] = 1;
  }
  return [data.rows(order.filter((row) => isTest[row] === 0)), data.rows(order.filter((row) => isTest[row] === 1))];
}
