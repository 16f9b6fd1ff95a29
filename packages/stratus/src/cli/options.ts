import { type Command, InvalidArgumentError, Option } from 'commander';

const whole = (text: string, least: number, most = Number.MAX_SAFE_INTEGER): number => {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(
    most === Number.MAX_SAFE_INTEGER
      ? `It must be a whole number of at least ${least}.`
      : `It must be a whole number from ${least} to ${most}.`,
  );
};

/** Reads a whole number of an option. */
export const wholeNumber =
  (least: number, most?: number) =>
  (text: string): number =>
    whole(text, least, most);

/** The option that every command has. */
export const jsonOption = (): Option => new Option('--json', 'answer in JSON on standard output, for programs');

/** What follows the help of a command. */
export const withExamples = (command: Command, ...examples: readonly string[]): Command =>
  command.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
