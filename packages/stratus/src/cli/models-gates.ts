import { type Command, InvalidArgumentError } from 'commander';
import type { GateRules } from '../registry/index.ts';
import type { ModelsOptions } from './models.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { inWorkspace, withWorkspace } from './workspace.ts';

interface GateOptions extends ModelsOptions {
  readonly data?: string;
  readonly split?: string;
  readonly metric?: string;
  readonly notLower?: boolean;
  readonly notHigher?: boolean;
  readonly by?: number;
  readonly latencyMs?: number;
  readonly maxBytes?: number;
  readonly signatureCompatible?: true;
  readonly none?: boolean;
}

const aboveZero = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
};

const units: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** 10MB, 1.5 GiB, 4096. */
const byteSize = (text: string): number => {
  const [, digits, unit = ''] = /^([\d.]+)\s*([a-z]*)$/i.exec(text) ?? [];
  const value = Math.floor(Number(digits) * (units[unit.toUpperCase()] ?? Number.NaN));
  if (value > 0 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must look like 10MB, 1.5GiB or 4096.');
};

/** `stratus models gate` */
export function addModelGates(models: Command): void {
  withExamples(
    withWorkspace(models.command('gate'))
      .summary('say what a version has to pass before an alias moves to it')
      .description(
        'Declares what a version has to pass before an alias of a model is promoted to it, in the place of what was declared before. Without options, shows what is declared.',
      )
      .argument('<model>', 'the model')
      .argument('<alias>', 'the alias; it need not be there yet')
      .option('--metric <name>', 'a metric that must not be worse than that of the version the alias has; both are measured anew')
      .option('--data <name>', 'what it is measured on, as stratus evaluate takes it')
      .option('--split <part>', 'the part of the data set')
      .option('--not-lower', 'lower is worse; so it is unless told')
      .option('--not-higher', 'higher is worse: for losses')
      .option('--by <number>', 'by how much it may be worse', aboveZero)
      .option('--latency-ms <number>', 'the median time of an answer to one sample, on the machine that promotes', aboveZero)
      .option('--max-bytes <size>', 'how large the file may be: 10MB', byteSize)
      .option('--signature-compatible', 'clients of the version that the alias has can go on as they are')
      .option('--none', 'nothing is asked any more')
      .addOption(jsonOption())
      .action((model: string, alias: string, options: GateOptions) => gate(model, alias, options)),
    'stratus models gate digits production --metric accuracy --data mnist --by 0.002 --latency-ms 5 --max-bytes 10MB',
    'stratus models gate digits production --metric loss --data holdout.json --not-higher --signature-compatible',
    'stratus models gate digits production',
  );
}

async function rulesOf(options: GateOptions): Promise<GateRules> {
  const { metric, data, split, notLower, notHigher, by, latencyMs, maxBytes, signatureCompatible } = options;
  const { fail } = await import('@stratus/core');
  const refuse = (reason: string, fix: string) => fail('usage', { reason, fix });
  if ((metric === undefined) !== (data === undefined))
    throw refuse('--metric and --data belong together.', 'Give both: --metric accuracy --data mnist.');
  if (metric === undefined && (split ?? notLower ?? notHigher ?? by) !== undefined)
    throw refuse('--split, --not-lower, --not-higher and --by say more about --metric.', 'Give --metric and --data.');
  if (notLower && notHigher) throw refuse('Both --not-lower and --not-higher are given.', 'Give one of them.');
  return {
    ...(metric !== undefined && {
      metric: {
        name: metric,
        data: data!,
        worse: notHigher ? 'higher' : 'lower',
        ...(split !== undefined && { split }),
        ...(by !== undefined && { by }),
      },
    }),
    ...(latencyMs !== undefined && { latencyMs }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(signatureCompatible && { signatureCompatible }),
  };
}

async function gate(model: string, alias: string, options: GateOptions): Promise<void> {
  const { describeRules, registry } = await import('../registry/index.ts');
  const output = outputFor(options);
  const asked = await rulesOf(options);
  const isNew = options.none === true || Object.keys(asked).length > 0;
  if (options.none && Object.keys(asked).length > 0) {
    const { fail } = await import('@stratus/core');
    throw fail('usage', { reason: '--none and gates are given.', fix: 'Give --none alone, or the gates.' });
  }
  const rules = await inWorkspace(options, async (workspace) => {
    const models = registry(workspace);
    if (isNew) await models.gate(model, alias, asked);
    return await models.gates(model, alias);
  });
  const name = alias.replace(/^@/, '');
  output.data({ model, alias: name, rules });
  const lines = describeRules(rules);
  output.print(`${output.colors.bold(model)} ${output.colors.cyan(`@${name}`)}${lines.length === 0 ? ': no gates' : ''}`);
  for (const line of lines) output.print(`  ${line}`);
}
