import { createHash } from 'node:crypto';
import type { LogValue, Manifest, Model, Tensor, TensorSet } from '@stratus/core';
import type { Command } from 'commander';
import { count, duration, figure, scalars } from '../progress/index.ts';
import { modelArgument, readModel } from './model-source.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { type Output, outputFor, table } from './output.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface EvaluateOptions extends WorkspaceFlags {
  readonly data: string;
  readonly split: string;
  readonly batchSize?: number;
  readonly json?: boolean;
}

/** `stratus evaluate` */
export function addEvaluate(program: Command): void {
  const command = withWorkspace(program.command('evaluate'))
    .summary('measure a model on data')
    .description('Measures a model on data: the loss and the metrics that it was compiled with.')
    .argument('<model>', modelArgument('an ONNX file that Stratus has written'))
    .requiredOption(
      '--data <name>',
      'a data set (mnist), a JSON file { "x": …, "y": … }; a CSV, TSV, Parquet or JSONL file for a model that takes records',
    )
    .option('--split <part>', 'the part of the data set', 'test')
    .option('--batch-size <n>', 'samples at a time', wholeNumber(1))
    .addOption(jsonOption())
    .action((model: string, options: EvaluateOptions) => evaluate(model, options));
  withExamples(
    command,
    'stratus evaluate model.onnx --data mnist',
    'stratus evaluate model.onnx --data holdout.json --json',
    'stratus evaluate digits@production --data mnist',
  );
}

async function evaluate(path: string, { data, split, batchSize, ...options }: EvaluateOptions): Promise<void> {
  const { readModelInfo } = await import('@stratus/core');
  const output = outputFor(options);
  const { bytes, file } = await readModel(path, options);
  const measured = await measure(bytes, { file, data, split, batchSize, note: output.note });
  const { figures, samples, seconds, kind } = measured;
  const rounded = Number(seconds.toFixed(3));
  // What a promotion elsewhere can be told: how good exactly this model is on exactly these data.
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const dataDigest = options.json ? await measured.dataDigest() : '';
  const on = { data, ...(kind === 'samples' && { split }), dataDigest };
  output.data({ model: path, digest, ...on, samples, seconds: rounded, figures });
  // It was checked when it was measured.
  show(figures, JSON.parse(readModelInfo(bytes).metadata['stratus']!) as Manifest, output);
  output.note(`${count(samples)} ${kind} in ${duration(seconds)}`);
}

/** What a model is measured on. */
interface Measuring {
  /** The name of the model in errors. */
  readonly file: string;
  readonly data: string;
  readonly split: string;
  readonly batchSize?: number | undefined;
  readonly note: (text: string) => void;
}

interface Measured {
  readonly figures: Readonly<Record<string, LogValue>>;
  readonly samples: number;
  readonly seconds: number;
  readonly kind: 'samples' | 'records';
  /** Of the data: it is dear, so it is calculated where it is asked for. */
  dataDigest(): Promise<string>;
}

/** The loss and the metrics of a model on data that is named as `--data` names it. Errors: those of `load` and of the data. */
export async function measure(bytes: Uint8Array, { file, data, split, batchSize, note }: Measuring): Promise<Measured> {
  const { load, readModelInfo } = await import('@stratus/core');
  const { readData } = await import('./data.ts');
  const { feedsOf } = await import('./feeds.ts');
  const model = await load(bytes, { file });
  const options = batchSize === undefined ? {} : { batchSize };
  try {
    if (model.preprocessing) return await measureRecords(model, data, options);
    const manifest = JSON.parse(readModelInfo(bytes).metadata['stratus']!) as Manifest; // load has checked it
    const read = await readData(data, split);
    const { x, y } = read;
    const feeds = feedsOf(
      manifest.signature.inputs.map((port) => ({ ...port, dims: port.shape })),
      x,
    );
    const strange = strangeRange(feeds, manifest);
    if (strange !== undefined) note(strange);
    const samples = Object.values(feeds)[0]!.shape[0]!;
    const began = performance.now();
    const figures = await model.evaluate(feeds as TensorSet, y, options);
    const dataDigest = async (): Promise<string> => {
      const { digestOfFile, digestOfSamples } = await import('./data-digest.ts');
      return /\.json$/i.test(data) ? await digestOfFile(data) : digestOfSamples(read);
    };
    return { figures, samples, seconds: (performance.now() - began) / 1000, kind: 'samples', dataDigest };
  } finally {
    await model.release();
  }
}

/** A model that takes records, on a file of them. */
async function measureRecords(model: Model, data: string, options: { readonly batchSize?: number }): Promise<Measured> {
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
  const figures = await model.evaluate(counted, options);
  const dataDigest = async (): Promise<string> => (await import('./data-digest.ts')).digestOfFile(data);
  return { figures, samples, seconds: (performance.now() - began) / 1000, kind: 'records', dataDigest };
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
