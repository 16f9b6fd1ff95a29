import { relative } from 'node:path';
import type { Command } from 'commander';
import type { DataSetInfo, FileStatus, Verified } from '../data/index.ts';
import { byteCount, count, downloadBar } from '../progress/index.ts';
import { addDataProfile } from './data-profile.ts';
import { jsonOption, withExamples } from './options.ts';
import { commandName, type Output, outputFor, table } from './output.ts';
import { exitCodeOf, onStopSignal, type StopSignal } from './stop.ts';

interface JsonOption {
  readonly json?: boolean;
}

/** `stratus data` */
export function addDataSets(program: Command): void {
  const data = program
    .command('data')
    .summary('built-in data sets, and what is in your own')
    .description('Lists, downloads and checks the built-in data sets, and looks at files of your own.');
  addDataProfile(data);
  withExamples(
    data
      .command('ls')
      .summary('list them, and where they are')
      .description('Lists the built-in data sets, how large they are, what may be done with them, and where they are found.')
      .addOption(jsonOption())
      .action((options: JsonOption) => list(options)),
    'stratus data ls',
  );
  withExamples(
    data
      .command('fetch')
      .summary('download some')
      .description('Downloads data sets into the cache, unless they are there. A download that was stopped goes on where it was.')
      .argument('<name...>', 'data sets (stratus data ls)')
      .addOption(jsonOption())
      .action((names: readonly string[], options: JsonOption) => fetchThem(names, options)),
    'stratus data fetch cifar10 imdb',
  );
  withExamples(
    data
      .command('info')
      .summary('say what one holds')
      .description('Says what a data set holds: records, fields, classes, source, licence, and its files and where they are.')
      .argument('<name>', 'the data set (stratus data ls)')
      .addOption(jsonOption())
      .action((name: string, options: JsonOption) => info(name, options)),
    'stratus data info cifar100',
  );
  withExamples(
    data
      .command('verify')
      .summary('check the files that are there')
      .description(
        'Reads the files that are there and checks their SHA-256. Exit code 1 if one is damaged, or not there though it was named.',
      )
      .argument('[name...]', 'data sets; all unless told')
      .addOption(jsonOption())
      .action((names: readonly string[], options: JsonOption) => verify(names, options)),
    'stratus data verify',
    'stratus data verify mnist --json',
  );
  withExamples(data, 'stratus data ls', 'stratus data fetch cifar10');
}

type Entry = readonly [name: string, info: DataSetInfo];

/** Data sets by their names. Errors: `usage`, with a did-you-mean. */
async function wanted(names: readonly string[]): Promise<Entry[]> {
  const { lookUp } = await import('@stratus/core');
  const { catalog } = await import('../data/index.ts');
  const { asked } = await import('./data.ts');
  return [...new Set(names)].map((name) => [name, asked(() => lookUp('data set', catalog, name))]);
}

const sizeOf = (files: readonly FileStatus[]): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** A place as the reader knows it: what is below the working folder without it. */
function shown(path: string): string {
  const own = relative('', path);
  return own.startsWith('..') ? path : own || '.';
}

/** The folders that hold the files, without repetition. */
const foldersOf = (files: readonly FileStatus[]): string[] => [
  ...new Set(files.flatMap(({ path, file }) => (path === undefined ? [] : [shown(path.slice(0, -file.length - 1))]))),
];

/** Where a data set is, in a few words. */
function placeOf(files: readonly FileStatus[], { dim, yellow }: Output['colors']): string {
  const there = files.filter(({ path }) => path !== undefined).length;
  if (there === 0) return dim(files.every(({ urls }) => urls.length === 0) ? 'to be got by hand' : 'not downloaded');
  const folders = foldersOf(files).join(', ');
  return there === files.length ? folders : `${yellow(`${there} of ${files.length} files`)} in ${folders}`;
}

const recordsOf = ({ records }: DataSetInfo): number =>
  records['all'] ?? Object.values(records).reduce((sum, part) => sum + part, 0);

async function list(options: JsonOption): Promise<void> {
  const { catalog, filesHere } = await import('../data/index.ts');
  const output = outputFor(options);
  const { bold, dim } = output.colors;
  const all = await Promise.all(Object.entries(catalog).map(async ([name, one]) => ({ name, one, files: await filesHere(one) })));
  output.data({
    datasets: all.map(({ name, one, files }) => ({
      name,
      title: one.title,
      records: recordsOf(one),
      bytes: sizeOf(files),
      licence: one.licence,
      cite: one.cite,
      isHere: files.every(({ path }) => path !== undefined),
      folders: foldersOf(files),
    })),
  });
  const head = ['name', 'records', 'size', 'licence', 'where'].map((text) => dim(text));
  const rows = all.map(({ name, one, files }) => {
    const size = sizeOf(files);
    return [bold(name), count(recordsOf(one)), size === 0 ? '' : byteCount(size), one.licence, placeOf(files, output.colors)];
  });
  output.print(table([head, ...rows], ['left', 'right', 'right']));
  output.note(`\nCite who made them: ${commandName()} data info NAME`);
}

async function info(name: string, options: JsonOption): Promise<void> {
  const { filesHere } = await import('../data/index.ts');
  const [[, one]] = (await wanted([name])) as [Entry];
  const output = outputFor(options);
  const files = await filesHere(one);
  const { files: _, unpacked: __, ...about } = one;
  output.data({ name, ...about, files });
  const { bold, dim, green } = output.colors;
  output.print(`${bold(one.title)}  ${one.about}\n`);
  const parts = Object.entries(one.records).map(([part, records]) => `${part} ${count(records)}`);
  const fields = Object.entries(one.fields).map(([field, { dtype, shape }]): [string, string] => [
    field,
    `${dtype}${shape.length > 0 ? ` [${shape.join(', ')}]` : ''}`,
  ]);
  const classes = Object.entries(one.classes ?? {}).map(([field, names]): [string, string] => [
    `${field} is`,
    `${names.slice(0, 10).join(', ')}${names.length > 10 ? `, … (${names.length} classes)` : ''}`,
  ]);
  const rows: [string, string][] = [
    ['records', parts.join(', ')],
    ...fields,
    ...classes,
    ['source', one.source],
    ['licence', one.licence],
    ['cite', one.cite],
  ];
  output.print(table(rows.map(([what, text]) => [dim(what), text])));
  output.print();
  const mark = ({ path }: FileStatus): string => (path === undefined ? dim('·') : green('✓'));
  const place = ({ path, urls }: FileStatus): string => (path !== undefined ? shown(path) : dim(urls[0] ?? 'to be got by hand'));
  const lines = files.map((file) => [mark(file), file.file, file.bytes === 0 ? '' : byteCount(file.bytes), place(file)]);
  output.print(table(lines, ['left', 'left', 'right']));
}

async function fetchThem(names: readonly string[], options: JsonOption): Promise<void> {
  const { fetchFiles, filesHere } = await import('../data/index.ts');
  const entries = await wanted(names);
  const output = outputFor(options);
  const { bold, green } = output.colors;
  const controller = new AbortController();
  let stoppedBy: StopSignal | undefined;
  onStopSignal((signal) => {
    stoppedBy = signal;
    controller.abort();
  });
  const onProgress = output.json ? () => undefined : downloadBar();
  const fetched: object[] = [];
  try {
    for (const [name, one] of entries) {
      const wasHere = (await filesHere(one)).every(({ path }) => path !== undefined);
      const files = await fetchFiles(one, { signal: controller.signal, onProgress });
      fetched.push({ name, wasHere, files });
      output.print(`${green('✓')} ${bold(name)}  ${wasHere ? 'is there:' : 'is now in'} ${foldersOf(files).join(', ')}`);
    }
    output.data({ fetched });
  } catch (e) {
    if (stoppedBy === undefined) throw e;
    output.data({ type: 'error', code: 'aborted', message: (e as Error).message });
    output.note(`Stopped. The same command goes on where it was.`);
    process.exitCode = exitCodeOf(stoppedBy);
  }
}

const marks = { good: '✓', damaged: '✗', missing: '·', 'not checked': '?' } as const;

async function verify(names: readonly string[], options: JsonOption): Promise<void> {
  const { catalog, verifyFiles } = await import('../data/index.ts');
  const output = outputFor(options);
  const { bold, dim, green, red, yellow } = output.colors;
  const entries = names.length > 0 ? await wanted(names) : Object.entries(catalog);
  const paint = { good: green, damaged: red, missing: names.length > 0 ? red : dim, 'not checked': yellow };
  const checked: { readonly name: string; readonly files: readonly Verified[] }[] = [];
  for (const [name, one] of entries) {
    const files = await verifyFiles(one);
    checked.push({ name, files });
    if (names.length === 0 && files.every(({ state }) => state === 'missing')) continue;
    output.print(bold(name));
    for (const { state, file, path, reason } of files)
      output.print(
        `  ${paint[state](marks[state])} ${path === undefined ? `${file} is not there` : shown(path)}${reason ? `\n    ${dim(reason)}` : ''}`,
      );
  }
  const all = checked.flatMap(({ files }) => files);
  const damaged = all.filter(({ state }) => state === 'damaged').length;
  const missing = names.length === 0 ? 0 : all.filter(({ state }) => state === 'missing').length;
  output.data({ good: damaged + missing === 0, datasets: checked });
  const there = all.filter(({ state }) => state !== 'missing').length;
  if (damaged + missing > 0) process.exitCode = 1;
  const verdict =
    there === 0 && missing === 0
      ? 'No data set is there.'
      : damaged + missing === 0
        ? green(`All ${there} files are good.`)
        : red(
            [damaged > 0 && `${damaged} of ${there} files damaged`, missing > 0 && `${missing} not there`]
              .filter(Boolean)
              .join(', '),
          );
  output.print(`\n${verdict}`);
}
