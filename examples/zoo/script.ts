import { realpathSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** What every example of the zoo can be told. Each adds its own: `epochs`, `batchSize`, … */
export interface TrainOptions {
  /** Initial weights, order of the data, dropout: all follow from it. */
  readonly seed?: number | undefined;
  /** A few steps on a little data: shows that everything works, and the figures mean nothing. */
  readonly quick?: boolean | undefined;
  /** Shows progress where somebody is looking. */
  readonly verbose?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a training came to, by name: plain numbers, and a text where there is something to read. */
export type Figures = Readonly<Record<string, number | string>>;

const camel = (name: string): string => name.replace(/-+(\w)/g, (_, letter: string) => letter.toUpperCase());

/** `--batch-size 64 --quick` as `{ batchSize: 64, quick: true }`. Errors: `RangeError` for anything else. */
export function optionsOf(args: readonly string[]): Record<string, number | boolean> {
  const { tokens } = parseArgs({ args: [...args], strict: false, allowPositionals: true, tokens: true });
  const options: Record<string, number | boolean> = {};
  let open: string | undefined; // an option that may still get its number
  const number = (name: string, text: string): number => {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text);
    throw new RangeError(`--${name} needs a number, but '${text}' was given.`);
  };
  for (const token of tokens) {
    if (token.kind === 'option' && !token.rawName.startsWith('--'))
      throw new RangeError(`'${token.rawName}' is no option. Write --name or --name number.`);
    if (token.kind === 'option') {
      open = token.value === undefined ? token.name : undefined;
      options[camel(token.name)] = token.value === undefined ? true : number(token.name, token.value);
    } else if (token.kind === 'positional' && open !== undefined) {
      options[camel(open)] = number(open, token.value);
      open = undefined;
    } else
      throw new RangeError(`'${token.kind === 'positional' ? token.value : '--'}' is no option. Write --name or --name number.`);
  }
  return options;
}

/** The figures, one a line, or as JSON. */
export const show = (figures: Figures, json: boolean): string =>
  json
    ? JSON.stringify(figures)
    : Object.entries(figures)
        .map(([name, value]) => (typeof value === 'string' ? `${name}:\n${value}` : `${name}: ${Number(value.toPrecision(6))}`))
        .join('\n');

/**
 * Runs an example when its file is the program, and does nothing when it is imported: `runAsScript(import.meta, train)`, as the last
 * line of the file. `--seed 1`, `--quick`, `--epochs 3` and any other option `--name number` reach `train`; `--json` prints JSON,
 * `--quiet` shows no progress, Ctrl-C stops.
 */
export async function runAsScript<O extends TrainOptions>(
  { filename }: { readonly filename: string },
  train: (options: O) => Promise<Figures>,
): Promise<void> {
  const program = process.argv[1];
  if (program === undefined || realpathSync(program) !== realpathSync(filename)) return;
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  try {
    const { json = false, quiet = false, ...rest } = optionsOf(process.argv.slice(2));
    const figures = await train({ verbose: quiet !== true, ...rest, signal: stop.signal } as unknown as O);
    console.log(show(figures, json === true));
    process.exitCode = 0;
  } catch (e) {
    if (!(e instanceof Error)) throw e;
    console.error('code' in e || e instanceof RangeError ? e.message : e.stack); // what was said on purpose needs no stack
    process.exitCode = stop.signal.aborted ? 130 : e instanceof RangeError ? 2 : 1;
  }
}
