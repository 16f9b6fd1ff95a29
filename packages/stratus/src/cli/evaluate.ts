import type { LogValue, Manifest, Model, Tensor, TensorSet } from '@stratus/core';
import type { Command } from 'commander';
import { count, duration, figure, scalars } from '../progress/index.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { type Output, outputFor, table } from './output.ts';

interface EvaluateOptions {
  readonly data: string;
  readonly split: string;
  readonly batchSize?: number;
  readonly json?: boolean;
}

/** `stratus evaluate` */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .summary('measure a model on data')
    .description('Measures a model on data: the loss and the metrics that it was compiled with.')
    .argument('<model>', 'the model, an ONNX file that Stratus has written')
    .requiredOption(
      '--data <name>',
      'a data set (mnist), a JSON file { "x": …, "y": … }; a CSV, TSV, Parquet or JSONL file for a model that takes records',
    )
    .option('--split <part>', 'the part of the data set', 'test')
    .option('--batch-size <n>', 'samples at a time', wholeNumber(1))
    .addOption(jsonOption())
    .action((model: string, options: EvaluateOptions) => evaluate(model, options));
  withExamples(command, 'stratus evaluate model.onnx --data mnist', 'stratus evaluate model.onnx --data holdout.json --json');
}

async function evaluate(path: string, { data, split, batchSize, ...options }: EvaluateOptions): Promise<void> {
  const { files, load, readModelInfo } = await import('@stratus/core');
  const { readData } = await import('./data.ts');
  const { feedsOf } = await import('./feeds.ts');
  const output = outputFor(options);
  const bytes = await files.read(path);
  const model = await load(bytes, { file: path });
  // load has checked it.
  const manifest = JSON.parse(readModelInfo(bytes).metadata['stratus']!) as Manifest;
  if (model.preprocessing) return evaluateRecords(model, { path, data, batchSize }, manifest, output);
  const { x, y } = await readData(data, split);
  const feeds = feedsOf(
    manifest.signature.inputs.map((port) => ({ ...port, dims: port.shape })),
    x,
  );
  const strange = strangeRange(feeds, manifest);
  if (strange !== undefined) output.note(strange);
  const samples = Object.values(feeds)[0]!.shape[0]!;
  const began = performance.now();
  const figures = await model.evaluate(feeds as TensorSet, y, batchSize === undefined ? {} : { batchSize });
  const seconds = (performance.now() - began) / 1000;
  output.data({ model: path, data, split, samples, seconds: Number(seconds.toFixed(3)), figures });
  show(figures, manifest, output);
  output.note(`${count(samples)} samples in ${duration(seconds)}`);
  await model.release();
}

/** A model that takes records, on a file of them. */
async function evaluateRecords(
  model: Model,
  { path, data, batchSize }: { readonly path: string; readonly data: string; readonly batchSize?: number | undefined },
  manifest: Manifest,
  output: Output,
): Promise<void> {
  const { recordsOf } = await import('./data.ts');
  const { lookUp } = await import('@stratus/core');
  const records = await recordsOf(data);
  // Where all records lack a field, it is not missing: it is another file.
  const [first] = (await records.take(1).toArray()) as readonly object[];
  for (const { field } of first ? model.preprocessing!.fields : [])
    lookUp('field', first as Readonly<Record<string, unknown>>, field);
  let samples = 0;
  const began = performance.now();
  // A record may be read twice.
  const counted = records.map((record, index) => {
    samples = Math.max(samples, index + 1);
    return record;
  });
  const figures = await model.evaluate(counted, batchSize === undefined ? {} : { batchSize });
  const seconds = (performance.now() - began) / 1000;
  output.data({ model: path, data, samples, seconds: Number(seconds.toFixed(3)), figures });
  show(figures, manifest, output);
  output.note(`${count(samples)} records in ${duration(seconds)}`);
  await model.release();
}

/** Numbers far outside those of training are a slip: pixels up to 255 for a model that knows them up to 1. */
function strangeRange(feeds: Readonly<Record<string, Tensor>>, { baseline = {} }: Manifest): string | undefined {
  for (const [name, { dtype, data }] of Object.entries(feeds)) {
    const known = baseline[name];
    if (!known || !('maximum' in known) || dtype === 'string') continue;
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let i = 0; i < Math.min(data.length, 1_000_000); i++) {
      const value = Number(data[i]);
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const span = known.maximum - known.minimum;
    if (span > 0 && (most > known.maximum + span || least < known.minimum - span))
      return (
        `Note: ${name} goes from ${figure(least)} to ${figure(most)}, but the model was trained on ${figure(known.minimum)} to ` +
        `${figure(known.maximum)}. Is the data scaled as it was in training?`
      );
  }
  return undefined;
}

function show(figures: Readonly<Record<string, LogValue>>, manifest: Manifest, { print, colors }: Output): void {
  print(
    table(
      scalars(figures).map(([name, value]) => [colors.dim(name), colors.bold(figure(value))]),
      ['left', 'right'],
    ),
  );
  for (const [name, value] of Object.entries(figures)) {
    if (typeof value === 'number') continue;
    const names = classNames(manifest, value.length);
    const peak = Math.max(...value.flat());
    const cell = (n: number, row: number, column: number): string => {
      const text = Number.isInteger(n) ? String(n) : figure(n);
      if (row === column) return colors.green(text);
      return n === 0 ? colors.dim('·') : n > peak / 100 ? colors.red(text) : text;
    };
    print(`\n${name} ${colors.dim('(rows: the truth, columns: the answer)')}`);
    const head = ['', ...names.map((text) => colors.dim(text))];
    print(
      table(
        [head, ...value.map((row, i) => [colors.dim(names[i]!), ...row.map((n, j) => cell(n, i, j))])],
        head.map(() => 'right'),
      ),
    );
  }
}

/** Labels of the classes where the file has as many, else their numbers. */
function classNames({ postprocessing }: Manifest, classes: number): readonly string[] {
  const labels = postprocessing
    .map(({ config }) => config['labels'])
    .find((list) => Array.isArray(list) && list.length === classes);
  return (labels as readonly string[] | undefined) ?? Array.from({ length: classes }, (_, i) => String(i));
}
