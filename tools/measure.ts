// Runs the files of bench/cases, bench/acceptance or bench/soak, one process each, and prints what was reached beside its target.
import { fork } from 'node:child_process';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMet, type Result } from '../bench/result.ts';
import { nearest } from '../packages/core/src/suggest.ts';
import { filesUnder, root } from './project.ts';

/** Where the files of each kind are. */
export const folders = { bench: 'bench/cases', acceptance: 'bench/acceptance', soak: 'bench/soak' } as const;
/** The kinds of measurement. */
export type Kind = keyof typeof folders;

/** What one file came to. */
export interface Outcome {
  readonly file: string;
  readonly results: readonly Result[];
  /** Why there are no (further) results. */
  readonly error?: string;
  /** Why it was not measured at all. */
  readonly skipped?: string;
}

/** The files that are meant: by name, or by the words before a dash ('train' means 'train-mlp' and 'train-cnn'); all when none is asked for. */
export function choose(available: readonly string[], asked: readonly string[], kind: string): string[] {
  const chosen = asked.map((name) => {
    const found = available.filter((a) => a === name || (!available.includes(name) && a.startsWith(`${name}-`)));
    if (found.length > 0) return found;
    const near = nearest(name, available);
    throw new RangeError(
      `There is no ${kind} '${name}'.${near === undefined ? '' : ` Did you mean '${near}'?`} Known: ${available.join(', ') || 'none yet'}.`,
    );
  });
  return asked.length === 0 ? [...available] : available.filter((a) => chosen.some((found) => found.includes(a)));
}

const number = (x: number): string => (Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(4))));

/** The table that people read. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ file, results, error, skipped }) => [
    ...results.map((r) => [
      isMet(r) ? 'ok' : 'MISSED',
      r.name,
      number(r.reached),
      `${r.better === 'lower' ? '<=' : '>='} ${number(r.target)}`,
      r.unit,
      r.detail ?? '',
    ]),
    ...(skipped === undefined ? [] : [['skipped', file, '', '', '', skipped]]),
    ...(error === undefined ? [] : [['FAILED', file, '', '', '', error.split('\n')[0]!]]),
  ]);
  const lines = [['', '', 'reached', 'target', 'unit', ''], ...rows];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((row) => row[i]!.length)));
  const isNumber = (i: number): boolean => i === 2 || i === 3;
  return lines
    .map((row) =>
      row
        .map((cell, i) => (isNumber(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Whether everything ran, measured something, and met its target. */
export const isFine = (outcomes: readonly Outcome[]): boolean =>
  outcomes.every(
    ({ results, error, skipped }) => error === undefined && (results.length > 0 || skipped !== undefined) && results.every(isMet),
  );

/** How long or how much a file measures, where it is told: a whole number each. */
export const sizes = ['rounds', 'minutes', 'inputs'] as const;
/** What was said of them. */
export type Sizes = Partial<Record<(typeof sizes)[number], string | undefined>>;

/** Runs one file in a process of its own, which is told the device, and how much there is to be. */
export function measure(path: string, device?: string, asked: Sizes = {}): Promise<Outcome> {
  const loader = pathToFileURL(join(root, 'tools/typescript-loader.mjs')).href;
  return new Promise((resolve) => {
    const child = fork(join(root, 'tools/measure-one.ts'), [path, device ?? '', ...sizes.map((size) => asked[size] ?? '')], {
      execArgv: ['--import', loader, '--expose-gc'],
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
      serialization: 'advanced', // NaN survives
    });
    const file = basename(path, '.ts');
    let said: Pick<Outcome, 'results' | 'error' | 'skipped'> | undefined;
    child.on('message', (message) => (said = message as typeof said));
    child.on('close', (code, signal) => {
      const died = code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`;
      const error = said?.error ?? died ?? (said === undefined ? 'ended without a result' : undefined);
      const skipped = said?.skipped;
      resolve({
        file,
        results: said?.results ?? [],
        ...(error === undefined ? {} : { error }),
        ...(skipped === undefined ? {} : { skipped }),
      });
    });
  });
}

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      device: { type: 'string' },
      rounds: { type: 'string' },
      minutes: { type: 'string' },
      inputs: { type: 'string' },
    },
  });
  const [kind = '', ...asked] = positionals;
  if (!Object.hasOwn(folders, kind))
    throw new RangeError(
      `Usage: npm run ${Object.keys(folders).join('|')} [-- NAME …] [--json] [--device NAME] [--rounds N] [--minutes N] [--inputs N]`,
    );
  const odd = sizes.find((size) => values[size] !== undefined && !/^[1-9]\d*$/.test(values[size]));
  if (odd !== undefined) throw new RangeError(`--${odd} is a whole number from 1.`);
  const folder = join(root, folders[kind as Kind]);
  const available = filesUnder(folder, '.ts').map((path) => basename(path, '.ts'));
  const chosen = choose(available, asked, kind);
  if (chosen.length === 0) throw new RangeError(`There is nothing in ${folders[kind as Kind]} yet.`);
  let stopped = false;
  process.on('SIGINT', () => (stopped = true)).on('SIGTERM', () => (stopped = true)); // the running file has the signal too
  const outcomes: Outcome[] = [];
  for (const name of chosen) {
    if (stopped) break;
    console.error(`--- ${kind} ${name}`);
    const outcome = await measure(join(folder, `${name}.ts`), values.device, values);
    if (outcome.error?.includes('\n')) console.error(outcome.error);
    outcomes.push(outcome);
  }
  const all = outcomes.map(({ file, results, error, skipped }) => ({
    file,
    error,
    skipped,
    results: results.map((r) => ({ ...r, met: isMet(r) })),
  }));
  console.log(
    values.json
      ? JSON.stringify({ kind, node: process.version, ok: isFine(outcomes) && !stopped, outcomes: all }, null, 2)
      : `\n${table(outcomes)}`,
  );
  return stopped ? 130 : isFine(outcomes) ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (e) {
    if (!(e instanceof RangeError || (e instanceof TypeError && 'code' in e))) throw e; // not ours, nor of parseArgs
    console.error(e.message);
    process.exitCode = 2;
  }
}
