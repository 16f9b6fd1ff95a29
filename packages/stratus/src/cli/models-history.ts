import type { Command } from 'commander';
import type { GateResult } from '../registry/index.ts';
import type { AliasMove } from '../store/index.ts';
import { type ModelsOptions, shownDate } from './models.ts';
import { gateLine } from './models-change.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { inWorkspace, withWorkspace } from './workspace.ts';

/** `stratus models history` */
export function addModelHistory(models: Command): void {
  withExamples(
    withWorkspace(models.command('history'))
      .summary('who moved an alias when and why')
      .description('Shows every move of the aliases of a model, the newest first: who, when, why, and what the gates said.')
      .argument('<model>', 'the model')
      .argument('[alias]', 'one of its aliases; all unless told')
      .addOption(jsonOption())
      .action((model: string, alias: string | undefined, options: ModelsOptions) => history(model, alias, options)),
    'stratus models history digits',
    'stratus models history digits production',
  );
}

async function history(model: string, alias: string | undefined, options: ModelsOptions): Promise<void> {
  const output = outputFor(options);
  const moves = await inWorkspace(options, ({ store }) => store.aliases.history(model, alias));
  output.data({ model, moves });
  const { bold, cyan, dim, red } = output.colors;
  if (moves.length === 0) output.note(`No alias of ${model} was ever set.`);
  for (const { alias: name, version, previous, at, by, reason, kind, gates } of moves) {
    const to = version === undefined ? 'taken away' : bold(`${model}:${version}`);
    const how = kind === 'rollback' ? ', rolled back' : '';
    const was = previous === undefined ? how.slice(2) : `was ${model}:${previous}${how}`;
    print(`${shownDate(at)}  ${cyan(`@${name}`)} → ${to}${was && dim(` (${was})`)}  ${by}${reason && `  “${reason}”`}`);
    const checked = gatesOf(gates);
    if (checked?.forced) print(red('  forced'));
    for (const result of checked?.results ?? []) print(gateLine(result, output.colors));
  }
  function print(text: string): void {
    output.print(text);
  }
}

/** What was kept of the gates; the store has it as JSON. */
const gatesOf = (gates: AliasMove['gates']): { readonly forced: boolean; readonly results: readonly GateResult[] } | undefined =>
  gates as never;
