import { type Dataset, fail, files, lookUp, StratusError, type TensorSet } from '@stratus/core';
import { downloadDefaults, mnist } from '../data/index.ts';
import { downloadBar } from '../progress/index.ts';

/** Inputs and targets, as the methods of a model take them. */
export interface Data {
  readonly x: TensorSet;
  readonly y: TensorSet;
}

downloadDefaults().onProgress ??= downloadBar();

/** Data sets by name; their parts by name. */
const datasets: Readonly<Record<string, () => Promise<Readonly<Record<string, Data>>>>> = {
  async mnist() {
    const { train, test } = await mnist();
    return { train: { x: train.image, y: train.label }, test: { x: test.image, y: test.label } };
  },
};

/** Errors: `usage` that says where the text stops being JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    const fix = 'Numbers in nested lists look like [[0.5, 1], [2, 3]]; in a shell, put them between single quotes.';
    throw fail('usage', { reason: `${what} is not JSON: ${(e as Error).message}.`, fix }, e);
  }
}

/** A JSON file's content. Errors: `file-not-found`, `file-failed`, `usage` when it is not JSON. */
export async function readJson(file: string): Promise<unknown> {
  return parseJson(new TextDecoder().decode(await files.read(file)), file);
}

/** A name that somebody typed and that is not known is wrong use of the command, with exit code 2. */
export function asked<T>(find: () => T): T {
  try {
    return find();
  } catch (e) {
    throw StratusError.is(e) ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
}

/** How a file of records is read, by the end of its name. Errors: `usage` with a did-you-mean; those of the formats, when it is read. */
export async function recordsOf(path: string, { header = true } = {}): Promise<Dataset<unknown>> {
  const { arrow, csv, jsonl, parquet, tsv } = await import('../files/index.ts');
  const readers: Readonly<Record<string, (path: string) => Dataset<unknown>>> = {
    csv: (file) => csv(file, { header }),
    tsv: (file) => tsv(file, { header }),
    parquet,
    jsonl,
    ndjson: jsonl,
    arrow,
    feather: arrow,
  };
  const ending = path
    .toLowerCase()
    .replace(/\.(gz|zst)$/, '')
    .split('.')
    .at(-1)!;
  return asked(() => lookUp('ending of a file of records', readers, ending))(path);
}

/** What --data names: a data set, of which `split` is taken, or a JSON file. Errors: `unknown-name`, `usage`, `file-not-found`. */
export async function readData(name: string, split: string): Promise<Data> {
  if (!/\.json$/i.test(name)) {
    const dataset = asked(() => lookUp('data set', datasets, name));
    const parts = await dataset();
    return asked(() => lookUp(`part of ${name}`, parts, split));
  }
  const content = await readJson(name);
  if (typeof content === 'object' && content !== null && 'x' in content && 'y' in content) return content as Data;
  throw fail('usage', { reason: `${name} holds no data.`, fix: 'It must look like { "x": [[0.5, 1], …], "y": [0, …] }.' });
}
