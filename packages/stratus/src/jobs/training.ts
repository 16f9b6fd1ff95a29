import { basename } from 'node:path';

/** Options of `stratus train` that take a value. */
const withValue = new Set(['--epochs', '--checkpoint', '--device', '--store', '--blobs', '--project']);

/** Where 'train' stands in a command that is `stratus train`, however Stratus is started; undefined in any other. */
function placeOfTrain(command: readonly string[]): number | undefined {
  const at = command.indexOf('train');
  if (at < 1) return undefined;
  const before = command[at - 1]!;
  return basename(before) === 'stratus' || /[\\/]cli[\\/]main\.js$/.test(before) ? at : undefined;
}

/** Whether a command can be stopped at any step and go on from there. */
export const isTraining = (command: readonly string[]): boolean => placeOfTrain(command) !== undefined;

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

/**
 * The command of an attempt: a training has a folder for checkpoints of its own, since several may run in one place, and goes on from there where an earlier attempt has begun.
 */
export function commandOf(
  command: readonly string[],
  { run, again }: { readonly run: string; readonly again: boolean },
): readonly string[] {
  const at = placeOfTrain(command);
  if (at === undefined) return command;
  const options = optionsAfter(command, at);
  const added = options.includes('--checkpoint') ? [] : ['--checkpoint', `checkpoints/${run}`];
  if (again && !options.includes('--resume')) added.push('--resume');
  return [...command.slice(0, at + 1), ...added, ...command.slice(at + 1)];
}
