import { type Command, InvalidArgumentError } from 'commander';
import type { GateResult } from '../registry/index.ts';
import { measure } from './evaluate.ts';
import type { ModelsOptions } from './models.ts';
import { jsonOption, withExamples } from './options.ts';
import { type Output, outputFor } from './output.ts';
import { inWorkspace, withWorkspace } from './workspace.ts';

interface RegisterOptions extends ModelsOptions {
  readonly name: string;
  readonly run?: string;
  readonly metric: Readonly<Record<string, number>>;
  readonly notes?: string;
}

interface MoveOptions extends ModelsOptions {
  readonly why?: string;
  readonly force?: boolean;
}

const keyNumber = (text: string, before: Readonly<Record<string, number>>): Record<string, number> => {
  const [, name, digits] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const value = Number(digits);
  if (name === undefined || !Number.isFinite(value)) throw new InvalidArgumentError('It must look like accuracy=0.97.');
  return { ...before, [name]: value };
};

/** The commands that add versions and move aliases. */
export function addModelChanges(models: Command): void {
  withExamples(
    withWorkspace(models.command('register'))
      .summary('add a version')
      .description(
        'Adds a version of a model from an ONNX file. What it takes and gives, metrics and the fingerprint of its data are read from the file; a file that it names for large tensors is kept together with it.',
      )
      .argument('<file>', 'the model, an ONNX file')
      .requiredOption('--name <model>', 'the model; a new one is made')
      .option('--run <key>', 'the run that made it (stratus runs ls)')
      .option('--metric <name=value>', 'a number that was measured; may be given again', keyNumber, {})
      .option('--notes <text>', 'what people should know')
      .addOption(jsonOption())
      .action((file: string, options: RegisterOptions) => register(file, options)),
    'stratus models register digits.onnx --name digits',
    'stratus models register digits.onnx --name digits --run k3f9 --metric holdout=0.974 --notes "with the new scans"',
  );
  withExamples(
    withWorkspace(models.command('promote'))
      .summary('let an alias point to a version that passes its gates')
      .description(
        'Lets an alias point to a version. Gates (stratus models gate) are asked first; exit code 1 where one is not passed.',
      )
      .argument('<version>', 'MODEL:3, MODEL@alias or MODEL, which means its newest version')
      .argument('<alias>', 'production, staging, or a name of your own')
      .option('--why <reason>', 'kept in the history')
      .option('--force', 'also where a gate is not passed; it needs --why')
      .addOption(jsonOption())
      .action((version: string, alias: string, options: MoveOptions) => promote(version, alias, options)),
    'stratus models promote digits:3 production --why "better on the new scans"',
    'stratus models promote digits@staging production',
  );
  withExamples(
    withWorkspace(models.command('rollback'))
      .summary('let an alias point to what it had before')
      .description('Lets an alias point to the version that it had before, by its history. No gate is asked.')
      .argument('<model>', 'the model')
      .argument('<alias>', 'the alias')
      .option('--why <reason>', 'kept in the history')
      .addOption(jsonOption())
      .action((model: string, alias: string, options: MoveOptions) => rollback(model, alias, options)),
    'stratus models rollback digits production --why "wrong on sevens"',
  );
  withExamples(
    withWorkspace(models.command('unalias'))
      .summary('take an alias away')
      .description('Takes an alias away from a model. Its history stays.')
      .argument('<model>', 'the model')
      .argument('<alias>', 'the alias')
      .option('--why <reason>', 'kept in the history')
      .addOption(jsonOption())
      .action((model: string, alias: string, options: MoveOptions) => remove(model, alias, options)),
    'stratus models unalias digits canary --why "the trial is over"',
  );
}

async function register(file: string, { name, run, metric, notes, ...options }: RegisterOptions): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const { findRun } = await import('./runs-find.ts');
  const output = outputFor(options);
  const version = await inWorkspace(options, async (workspace) =>
    registry(workspace).register(name, file, {
      metrics: metric,
      ...(run !== undefined && { run: (await findRun(workspace.store, run)).key }),
      ...(notes !== undefined && { notes }),
    }),
  );
  output.data({ version });
  output.print(`Registered ${output.colors.bold(`${version.model}:${version.number}`)}`);
  output.note(version.digest);
}

/** A line for what a gate said. */
export function gateLine({ gate, passed, got, want }: GateResult, { green, red, dim }: Output['colors']): string {
  return `  ${passed ? green('✓') : red('✗')} ${gate}: ${got}${want === '' ? '' : ` ${dim(`· ${want}`)}`}`;
}

async function promote(reference: string, alias: string, { why, force, ...options }: MoveOptions): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const { fail } = await import('@stratus/core');
  if (force && !why?.trim())
    throw fail('usage', { reason: '--force needs a reason.', fix: 'Say it with --why: it is kept in the history.' });
  const output = outputFor(options);
  const { move, gates, forced } = await inWorkspace(options, async (workspace) => {
    const models = registry(workspace, {
      evaluate: async (bytes, { data, split = 'test', name }) =>
        (await measure(bytes, { file: name, data, split, note: output.note })).figures,
    });
    return await models.promote(reference, alias, {
      force: force === true,
      onGate: (result) => output.print(gateLine(result, output.colors)),
      ...(why !== undefined && { reason: why }),
    });
  });
  const { model } = (await import('../registry/index.ts')).parseReference(reference);
  output.data({ model, move, gates, forced });
  const before = move.previous === undefined ? '' : output.colors.dim(` (was ${model}:${move.previous})`);
  output.print(`${output.colors.cyan(`@${move.alias}`)} → ${output.colors.bold(`${model}:${move.version}`)}${before}`);
  if (forced) output.note('A gate was not passed: the history says so, and why.');
}

async function rollback(model: string, alias: string, { why, ...options }: MoveOptions): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const output = outputFor(options);
  const move = await inWorkspace(options, (workspace) =>
    registry(workspace).rollback(model, alias, why === undefined ? {} : { reason: why }),
  );
  output.data({ model, move });
  const { bold, cyan, dim } = output.colors;
  const before = move.previous === undefined ? '' : dim(` (was ${model}:${move.previous})`);
  output.print(`${cyan(`@${move.alias}`)} → ${bold(`${model}:${move.version}`)}${before}`);
}

async function remove(model: string, alias: string, { why, ...options }: MoveOptions): Promise<void> {
  const output = outputFor(options);
  const move = await inWorkspace(options, ({ store }) =>
    store.aliases.remove(model, alias, why === undefined ? {} : { reason: why }),
  );
  output.data({ model, move });
  output.print(`@${move.alias} is gone; it was ${model}:${move.previous}`);
}
