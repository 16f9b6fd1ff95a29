import { text } from 'node:stream/consumers';
import type { Preprocessing, Tensor, TensorSet } from '@stratus/core';
import type { Command } from 'commander';
import { figure, isTerminal } from '../progress/index.ts';
import { modelArgument, readModel } from './model-source.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { type Output, outputFor, table } from './output.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface PredictOptions extends WorkspaceFlags {
  readonly input?: string;
  readonly data?: string;
  readonly split: string;
  readonly index: number;
  readonly json?: boolean;
}

/** `stratus predict` */
export function addPredict(program: Command): void {
  const command = withWorkspace(program.command('predict'))
    .summary('ask a model')
    .description(
      'Asks a model, any ONNX file, and prints its outputs: with the names and probabilities of classes where the file has them.',
    )
    .argument('<model>', modelArgument('an ONNX file'))
    .argument('[input]', 'the same as --input')
    .option(
      '--input <json>',
      'nested lists, or an object of them by input; @file.json for a file, - for standard input; records, a text, @rows.csv or @photo.jpg for a model that takes such',
    )
    .option('--data <name>', 'take the input from a data set (mnist), or a JSON file { "x": …, "y": … }')
    .option('--split <part>', 'the part of the data set', 'test')
    .option('--index <n>', 'which of its samples, from 0', wholeNumber(0), 0)
    .addOption(jsonOption())
    .action((model: string, input: string | undefined, options: PredictOptions) =>
      predict(model, { ...options, ...(input !== undefined && { input }) }),
    );
  withExamples(
    command,
    "stratus predict model.onnx --input '[[5.1, 3.5, 1.4, 0.2]]'",
    'stratus predict model.onnx --input @flower.json',
    'cat flower.json | stratus predict model.onnx -',
    "stratus predict reviews.onnx 'A fine film.'",
    'stratus predict pets.onnx @photo.jpg',
    'stratus predict model.onnx --data mnist --index 7',
    'stratus predict digits@production --data mnist --index 7',
  );
}

async function predict(path: string, options: PredictOptions): Promise<void> {
  const { openServable } = await import('../serve/index.ts');
  const { feedsOf, showInputs } = await import('./feeds.ts');
  const output = outputFor(options);
  const { bytes, file } = await readModel(path, options);
  const model = await openServable(bytes, { name: 'model', file });
  try {
    const { preprocessing } = model;
    const takes = preprocessing ? `records with ${model.inputs.map(({ name }) => name).join(', ')}` : showInputs(model.inputs);
    const given = preprocessing
      ? { x: await readAsked(options, preprocessing, `the model takes ${takes}`), expected: undefined }
      : await readSample(options, `the model takes ${takes}`);
    const feeds = preprocessing ? await preprocessing.feeds(given.x as readonly unknown[]) : feedsOf(model.inputs, given.x);
    const outputs = await model.infer(feeds);
    const ranked = Object.fromEntries(
      Object.entries(model.labels).map(([name, labels]) => [name, rowsOf(outputs[name]!).map((row) => ranking(row, labels))]),
    );
    output.data({
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, value.toArray()])),
      ...(Object.keys(ranked).length > 0 && { labels: ranked }),
      ...(given.expected !== undefined && { expected: given.expected }),
    });
    show({ feeds, outputs, ranked, expected: given.expected }, output);
  } finally {
    await model.release();
  }
}

/** Records for a model with preprocessing: JSON, a text, or a file of them. */
async function readAsked({ input, data }: PredictOptions, steps: Preprocessing, wanted: string): Promise<readonly unknown[]> {
  const { fail, files, StratusError } = await import('@stratus/core');
  const { readRecords } = await import('../serve/index.ts');
  const some = (records: readonly unknown[]): readonly unknown[] => {
    if (records.length > 0) return records;
    throw fail('usage', { reason: 'There is no record to predict from.', fix: `Give one; ${wanted}.` });
  };
  if (data !== undefined)
    throw fail('usage', { reason: 'The model takes records, and --data names tensors.', fix: `Give --input; ${wanted}.` });
  if (input === undefined) throw fail('usage', { reason: 'There is nothing to predict from.', fix: `Give --input; ${wanted}.` });
  const file = input.startsWith('@') ? input.slice(1) : undefined;
  if (file !== undefined && /\.(tsv|jsonl|ndjson|parquet|arrow|feather)(\.gz|\.zst)?$|\.csv\.(gz|zst)$/i.test(file)) {
    const { recordsOf } = await import('./data.ts');
    return some(await (await recordsOf(file)).toArray());
  }
  const given = file !== undefined ? undefined : input === '-' ? await text(process.stdin) : input;
  const body = given === undefined ? await files.read(file!) : new TextEncoder().encode(given);
  const types: readonly (readonly [RegExp, string])[] = [
    [/\.csv$/i, 'text/csv'],
    [/\.txt$/i, 'text/plain'],
    [/\.(jpe?g|png|webp|gif|avif|tiff?)$/i, 'image/*'],
  ];
  // A text need not be in quotes.
  const plain = given !== undefined && steps.fields.every(({ kind }) => kind === 'text') && !/^\s*[[{"]/.test(given);
  const type = plain ? 'text/plain' : (types.find(([ending]) => ending.test(file ?? ''))?.[1] ?? '');
  try {
    return some(await readRecords(body, type, steps));
  } catch (e) {
    throw StratusError.is(e) && e.code === 'bad-request' ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
}

/** What the model is asked, and what the data says that it should answer. */
async function readSample(
  { input, data, split, index }: PredictOptions,
  wanted: string,
): Promise<{ x: unknown; expected?: unknown }> {
  const { fail } = await import('@stratus/core');
  const { parseJson, readData, readJson } = await import('./data.ts');
  if (data !== undefined) {
    if (input !== undefined) throw fail('usage', { reason: 'Both --input and --data are given.', fix: 'Give one of them.' });
    const { sampleOf } = await import('./feeds.ts');
    const { x, y } = await readData(data, split);
    return { x: sampleOf(x, index), expected: labelOf(y, index) };
  }
  if (input === undefined)
    throw fail('usage', { reason: 'There is nothing to predict from.', fix: `Give --input or --data; ${wanted}.` });
  if (input === '-') return { x: parseJson(await text(process.stdin), 'The standard input') };
  return { x: input.startsWith('@') ? await readJson(input.slice(1)) : parseJson(input, '--input') };
}

/** One class of a row, best first. */
interface Ranked {
  readonly label: string;
  /** What the output says: a probability, if all of them add up to 1. */
  readonly probability?: number;
  readonly score?: number;
}

function ranking(row: readonly number[], labels: readonly string[]): Ranked[] {
  // One number for two classes is the probability of the second.
  const values = row.length === 1 && labels.length === 2 ? [1 - row[0]!, row[0]!] : row;
  const areProbabilities = values.every((v) => v >= 0 && v <= 1) && Math.abs(values.reduce((sum, v) => sum + v, 0) - 1) < 1e-3;
  return values
    .map(
      (value, i): Ranked => ({
        label: labels[i] ?? String(i),
        ...(areProbabilities ? { probability: value } : { score: value }),
      }),
    )
    .sort((a, b) => valueOf(b) - valueOf(a));
}

const valueOf = ({ probability, score }: Ranked): number => probability ?? score ?? Number.NaN;

const rowsOf = (value: Tensor): number[][] => {
  const width = value.size / Math.max(1, value.shape[0] ?? 1);
  const numbers = (value.reshape([value.size]).toArray() as (number | boolean)[]).map(Number);
  return Array.from({ length: value.shape[0] ?? 1 }, (_, i) => numbers.slice(i * width, (i + 1) * width));
};

/** The target of a sample, where it is one number. */
function labelOf(target: TensorSet, index: number): unknown {
  const rows = typeof target === 'object' && 'toArray' in target ? (target as Tensor).data : target;
  return (rows as ArrayLike<unknown>)[index];
}

interface Answer {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly ranked: Readonly<Record<string, readonly (readonly Ranked[])[]>>;
  readonly expected: unknown;
}

const mostRanked = 5;
const mostNumbers = 12;

function show({ feeds, outputs, ranked, expected }: Answer, output: Output): void {
  const { print, colors, json } = output;
  if (json) return;
  const picture = Object.values(feeds)
    .map(drawing)
    .find((lines) => lines !== undefined);
  if (picture && isTerminal(process.stdout)) print(`${picture}\n`);
  for (const [name, value] of Object.entries(outputs)) {
    print(`${colors.bold(name)} ${colors.dim(`${value.dtype} [${value.shape.join(', ')}]`)}`);
    const rows = ranked[name];
    if (rows === undefined) for (const row of rowsOf(value)) print(`  ${numbers(row)}`);
    else if (rows.length === 1) print(best(rows[0]!, output));
    else
      print(
        table(
          rows.map((row, i) => [`  ${i}`, colors.bold(row[0]!.label), shown(row[0]!)]),
          ['right', 'left', 'right'],
        ),
      );
  }
  if (expected !== undefined && ['number', 'string', 'bigint'].includes(typeof expected))
    print(colors.dim(`The data says ${expected}.`));
}

const shown = ({ probability, score }: Ranked): string =>
  probability === undefined ? figure(score!) : `${(100 * probability).toFixed(2)} %`;

function best(row: readonly Ranked[], { colors }: Output): string {
  const lines = row.slice(0, mostRanked).map((entry, i) => {
    const bar = entry.probability === undefined ? '' : '━'.repeat(Math.round(entry.probability * 24));
    return [`  ${i === 0 ? colors.bold(entry.label) : entry.label}`, shown(entry), colors.cyan(bar)];
  });
  return table(lines, ['left', 'right']);
}

const numbers = (row: readonly number[]): string => {
  const text = row.slice(0, mostNumbers).map((x) => (Number.isInteger(x) ? String(x) : figure(x)));
  return `[${text.join(', ')}${row.length > mostNumbers ? `, … ${row.length} in all` : ''}]`;
};

/** A grey image of one sample, two rows to a line. Undefined for what is none, or too large for a terminal. */
function drawing({ dtype, shape, data }: Tensor): string | undefined {
  const [samples, height = 0, width = 0] = shape;
  if (dtype !== 'uint8' || shape.length !== 3 || samples !== 1 || width > 64 || height > 64 || width < 4) return undefined;
  const isInk = (y: number, x: number): boolean => y < height && Number(data[y * width + x]) > 127;
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
    Array.from({ length: width }, (_, x) => ' ▀▄█'[(isInk(2 * line, x) ? 1 : 0) + (isInk(2 * line + 1, x) ? 2 : 0)]!)
      .join('')
      .trimEnd(),
  )
    .join('\n')
    .replace(/^\n+|\n+$/g, '');
}
