import { basename } from 'node:path';

/** Options of `stratus train` that take a value. */
const withValue = new Set(['--epochs', '--checkpoint', '--device', '--store', '--blobs', '--project']);

/** Where the last of these words stands in a command that is `stratus WORDS…`, however Stratus is started; undefined in any other. */
function placeOf(command: readonly string[], ...words: readonly string[]): number | undefined {
  const at = command.indexOf(words[0]!);
  if (at < 1 || words.some((word, i) => command[at + i] !== word)) return undefined;
  const before = command[at - 1]!;
  const isStratus = basename(before) === 'stratus' || /[\\/]cli[\\/]main\.js$/.test(before);
  return isStratus ? at + words.length - 1 : undefined;
}

const placeOfTrain = (command: readonly string[]): number | undefined => placeOf(command, 'train');
const placeOfSweep = (command: readonly string[]): number | undefined => placeOf(command, 'sweep', 'run');

/** Whether a command can be stopped at any step and go on from there: trainings, and sweeps of them. */
export const canGoOn = (command: readonly string[]): boolean =>
  placeOfTrain(command) !== undefined || placeOfSweep(command) !== undefined;

/** The options of `stratus train` in a command, up to the script. */
function optionsAfter(command: readonly string[], at: number): string[] {
  const found: string[] = [];
  for (let i = at + 1; i < command.length && command[i] !== '--'; i++) {
    const part = command[i]!;
    if (!part.startsWith('-')) continue; // the script; options may follow it
    found.push(part.split('=')[0]!);
    if (withValue.has(part)) i++;
  }
  return found;
}

/** What an attempt at `stratus train` is told besides: a folder for checkpoints of its own, since several may run in one place, and to go on where an earlier one has begun. */
function trainingOptions(options: readonly string[], run: string, again: boolean): string[] {
  const added = options.includes('--checkpoint') ? [] : ['--checkpoint', `checkpoints/${run}`];
  if (again && !options.includes('--resume')) added.push('--resume');
  return added;
}

/** What an attempt at `stratus sweep run` is told besides: the key of its run, so that every attempt goes on with the same sweep. */
const sweepOptions = (options: readonly string[], run: string): string[] =>
  options.includes('--key') || options.includes('--resume') ? [] : ['--key', run];

/** The command of an attempt: what can go on from where an earlier attempt ended is told to. */
export function commandOf(
  command: readonly string[],
  { run, again }: { readonly run: string; readonly again: boolean },
): readonly string[] {
  const [train, sweep] = [placeOfTrain(command), placeOfSweep(command)];
  const at = train ?? sweep;
  if (at === undefined) return command;
  const options = optionsAfter(command, at);
  const added = train === undefined ? sweepOptions(options, run) : trainingOptions(options, run, again);
  return [...command.slice(0, at + 1), ...added, ...command.slice(at + 1)];
}
