import type { Command } from 'commander';
import type { ModelsOptions } from './models.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor, table } from './output.ts';
import { inWorkspace, withWorkspace } from './workspace.ts';

interface ImportOptions extends ModelsOptions {
  readonly name?: string;
  readonly notes?: string;
  readonly fromStore?: string;
  readonly fromBlobs?: string;
  readonly fromProject?: string;
}

interface ClearFlags extends ModelsOptions {
  readonly yes?: boolean;
}

/** The commands that bring versions out and in, and clear up. */
export function addModelFiles(models: Command): void {
  withExamples(
    withWorkspace(models.command('export'))
      .summary('write a version to files')
      .description(
        'Writes a version: to FILE.onnx the model alone, to FILE.tar or a new folder the model with all that is known of it. The digest is verified first.',
      )
      .argument('<version>', 'MODEL:3, MODEL@alias or MODEL, which means its newest version')
      .argument('<path>', 'FILE.onnx, FILE.tar or a folder')
      .addOption(jsonOption())
      .action((version: string, path: string, options: ModelsOptions) => exportIt(version, path, options)),
    'stratus models export digits@production digits.onnx',
    'stratus models export digits:3 digits-3.tar',
  );
  withExamples(
    withWorkspace(models.command('import'))
      .summary('add a version from an export or another store')
      .description(
        'Adds what stratus models export wrote to a folder or FILE.tar as a new version; with --from-store, a version of another store. Metrics, data and code come along; where it came from stands in the notes.',
      )
      .argument('<source>', 'a folder or FILE.tar; with --from-store MODEL:3 or MODEL@alias')
      .option('--name <model>', 'what the model is called here (default: as there)')
      .option('--notes <text>', 'what people should know')
      .option('--from-store <address>', 'another store: a file, or postgres://…')
      .option('--from-blobs <address>', 'where its files lie (default: beside it)')
      .option('--from-project <name>', 'the project there', 'default')
      .addOption(jsonOption())
      .action((source: string, options: ImportOptions) => importIt(source, options)),
    'stratus models import digits-3.tar',
    'stratus models import digits@production --from-store ../other/.stratus/store.db --name their-digits',
  );
  withExamples(
    withWorkspace(models.command('gc'))
      .summary('clear up files that nothing names')
      .description(
        'Says which files (models, artifacts of runs) nothing in the store names any more; with --yes, clears them up. That goes in two steps of a day each: what is not named is put aside, and what has been aside for a day is removed.',
      )
      .option('--yes', 'do it')
      .addOption(jsonOption())
      .action((options: ClearFlags) => sweep(options)),
    'stratus models gc',
    'stratus models gc --yes',
  );
}

async function exportIt(version: string, path: string, options: ModelsOptions): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const output = outputFor(options);
  const files = await inWorkspace(options, (workspace) => registry(workspace).export(version, path));
  output.data({ files });
  for (const file of files) output.print(file);
}

async function importIt(
  source: string,
  { name, notes, fromStore, fromBlobs, fromProject, ...options }: ImportOptions,
): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const output = outputFor(options);
  const given = { ...(name !== undefined && { name }), ...(notes !== undefined && { notes }) };
  const version = await inWorkspace(options, async (workspace) => {
    const models = registry(workspace);
    if (fromStore === undefined) return await models.import(source, given);
    const there = {
      store: fromStore,
      ...(fromBlobs !== undefined && { blobs: fromBlobs }),
      ...(fromProject !== undefined && { project: fromProject }),
    };
    return await inWorkspace(there, (other) => models.importFrom(other, source, given));
  });
  output.data({ version });
  output.print(`Registered ${output.colors.bold(`${version.model}:${version.number}`)}`);
}

async function sweep({ yes = false, ...options }: ClearFlags): Promise<void> {
  const { registry } = await import('../registry/index.ts');
  const output = outputFor(options);
  await inWorkspace(options, async (workspace) => {
    const { blobs } = workspace;
    const swept = await registry(workspace).sweep({ dryRun: !yes });
    output.data({ dryRun: !yes, ...swept });
    const rows = (['aside', 'removed', 'restored'] as const).flatMap((what) => swept[what].map((digest) => [what, digest]));
    const words = yes
      ? { aside: 'put aside', removed: 'removed', restored: 'taken back' }
      : { aside: 'to be put aside', removed: 'to be removed', restored: 'to be taken back' };
    if (rows.length === 0) output.note(`Nothing to clear up in ${blobs.address}.`);
    else output.print(table(rows.map(([what, digest]) => [words[what as keyof typeof words], digest!])));
    if (!yes && rows.length > 0) output.note('Nothing was changed. To do it: stratus models gc --yes');
  });
}
