import { fail, type Table, Tensor, table } from '@stratus/core';
import type { DataFile, DataSetInfo, LookupOptions } from './data-file.ts';
import { readData } from './read-data.ts';

/** Columns of a small table for classification: `features` `[n, width]`, `label` `[n]`. */
export type FeatureColumns = { readonly features: Tensor<'float32'>; readonly label: Tensor<'uint8'> };
/** One record: its features `[width]` and its label. */
export type FeatureRecord = { readonly features: Tensor<'float32'>; readonly label: number };
/** A small table for classification. */
export interface Tabular {
  readonly data: Table<FeatureColumns, FeatureRecord>;
  /** What each feature is. */
  readonly featureNames: readonly string[];
  /** The class behind each label. */
  readonly classes: readonly string[];
}

const source = 'https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.2.1/sklearn/datasets/data/';
const dataFile = (file: string, bytes: number, sha256: string): DataFile => ({
  dataset: 'tabular',
  file,
  bytes,
  sha256,
  urls: [source + file],
});

/** @internal */
export const tabularFiles = {
  iris: dataFile('iris.csv', 2_734, 'f13ffa8fdd56fd8e6c8d16d4081a3fbd3114bcd0aae4256c43205169cd9d1449'),
  digits: dataFile('digits.csv.gz', 57_512, '46abec6b12486ad9e51943373abcf22bbea1b5a51a1619b361570d8893f1464a'),
};

/** @internal */
export const irisInfo: DataSetInfo = {
  title: 'Iris',
  about: 'Flowers of three kinds by length and width of sepal and petal.',
  records: { all: 150 },
  fields: { features: { dtype: 'float32', shape: [4] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: ['setosa', 'versicolor', 'virginica'] },
  source: 'https://archive.ics.uci.edu/dataset/53/iris',
  licence: 'CC BY 4.0',
  cite: 'Fisher 1936, "The use of multiple measurements in taxonomic problems"',
  files: [[tabularFiles.iris]],
};
/** @internal */
export const digitsInfo: DataSetInfo = {
  title: 'Digits',
  about: 'Handwritten digits of 8 by 8 pixels.',
  records: { all: 1797 },
  fields: { features: { dtype: 'float32', shape: [64] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: Array.from({ length: 10 }, (_, digit) => String(digit)) },
  source: 'https://archive.ics.uci.edu/dataset/80',
  licence: 'CC BY 4.0',
  cite: 'Alpaydin & Kaynak 1998',
  files: [[tabularFiles.digits]],
};

/** @internal Lines of numbers, the label last. Errors: `corrupt`. */
export function parseRows(lines: readonly string[], width: number, classes: number, file = 'The table'): FeatureColumns {
  const features = new Float32Array(lines.length * width);
  const label = new Uint8Array(lines.length);
  for (const [i, line] of lines.entries()) {
    const numbers = line.split(',').map((text) => (text.trim() === '' ? Number.NaN : Number(text)));
    const last = numbers.pop()!;
    if (numbers.length !== width || !numbers.every(Number.isFinite) || !(Number.isInteger(last) && last >= 0 && last < classes))
      throw fail('corrupt', {
        file,
        reason: `record ${i + 1} is '${line.slice(0, 40)}', expected ${width} numbers and a label from 0 to ${classes - 1}`,
        fix: 'Get the file again.',
      });
    features.set(numbers, i * width);
    label[i] = last;
  }
  return { features: new Tensor('float32', [lines.length, width], features), label: new Tensor('uint8', [lines.length], label) };
}

async function read(wanted: DataFile, options: LookupOptions): Promise<{ lines: string[]; path: string }> {
  const { bytes, path } = await readData(wanted, options);
  return { lines: new TextDecoder().decode(bytes).trimEnd().split(/\r?\n/), path };
}

/**
 * Iris: 150 flowers of three kinds by length and width of sepal and petal, in cm. Sorted by kind in the file, and so here.
 *
 * Shapes: `features` `[150, 4]` float32, `label` `[150]` uint8. Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: Fisher 1936, "The use of multiple measurements in taxonomic problems"; https://archive.ics.uci.edu/dataset/53/iris (CC BY 4.0),
 * in the form of scikit-learn (BSD-3-Clause).
 *
 * @example no-run
 * import { iris } from 'stratus';
 * const { data, classes } = await iris();
 * console.log(data.features.shape, classes); // [150, 4] ['setosa', 'versicolor', 'virginica']
 */
export async function iris(options: LookupOptions = {}): Promise<Tabular> {
  const { lines, path } = await read(tabularFiles.iris, options);
  const [, , ...classes] = lines[0]!.split(',');
  const data = table<FeatureColumns, FeatureRecord>(parseRows(lines.slice(1), 4, classes.length, path));
  return { data, featureNames: ['sepal length', 'sepal width', 'petal length', 'petal width'], classes };
}

/**
 * Digits: 1,797 handwritten digits of 8 by 8 pixels from 0 (paper) to 16 (ink); a first exercise that needs no time.
 *
 * Shapes: `features` `[1797, 64]` float32, row by row, `label` `[1797]` uint8. Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: Alpaydin & Kaynak 1998, https://archive.ics.uci.edu/dataset/80 (CC BY 4.0), in the form of scikit-learn (BSD-3-Clause).
 *
 * @example no-run
 * import { digits } from 'stratus';
 * const { data } = await digits();
 * console.log(data.features.shape, data.record(0).label); // [1797, 64] 0
 */
export async function digits(options: LookupOptions = {}): Promise<Tabular> {
  const { lines, path } = await read(tabularFiles.digits, options);
  const data = table<FeatureColumns, FeatureRecord>(parseRows(lines, 64, 10, path));
  const featureNames = Array.from({ length: 64 }, (_, i) => `pixel ${Math.floor(i / 8)},${i % 8}`);
  return { data, featureNames, classes: Array.from({ length: 10 }, (_, i) => String(i)) };
}
