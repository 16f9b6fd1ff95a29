import type { Command } from 'commander';
import { byteCount, figure } from '../progress/index.ts';
import type { Signature } from '../registry/index.ts';
import type { Json, ModelInfo, VersionInfo } from '../store/index.ts';
import { addModelChanges } from './models-change.ts';
import { addModelFiles } from './models-files.ts';
import { addModelGates } from './models-gates.ts';
import { addModelHistory } from './models-history.ts';
import { jsonOption, withExamples } from './options.ts';
import { type Output, outputFor, table } from './output.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

/** The options that all commands of the registry have. */
export interface ModelsOptions extends WorkspaceFlags {
  readonly json?: boolean;
}

/** `stratus models` */
export function addModels(program: Command): void {
  const models = program
    .command('models')
    .summary('the registry: versions, aliases, gates')
    .description('Keeps models: versions that never change, aliases that say which one is used, and gates before them.');
  withExamples(
    withWorkspace(models.command('ls'))
      .summary('list models')
      .description('Lists models, how many versions each has, and which ones aliases point to.')
      .addOption(jsonOption())
      .action((options: ModelsOptions) => list(options)),
    'stratus models ls',
  );
  withExamples(
    withWorkspace(models.command('show'))
      .summary('show a model or a version')
      .description(
        'Shows a model with its versions, or one version: what it takes and gives, its metrics, and the run, data and code it came from.',
      )
      .argument('<model>', 'MODEL, MODEL:3 or MODEL@alias')
      .addOption(jsonOption())
      .action((reference: string, options: ModelsOptions) => show(reference, options)),
    'stratus models show digits',
    'stratus models show digits@production',
  );
  for (const add of [addModelChanges, addModelHistory, addModelGates, addModelFiles]) add(models);
  withExamples(
    models,
    'stratus models register digits.onnx --name digits',
    'stratus models promote digits:2 production --why "better on the new scans"',
    'stratus models rollback digits production',
  );
}

const aliasesOf = ({ aliases }: ModelInfo): string =>
  Object.entries(aliases)
    .map(([alias, version]) => `@${alias} → ${version}`)
    .join(', ');

async function list(options: ModelsOptions): Promise<void> {
  const output = outputFor(options);
  const models = await inWorkspace(options, ({ store }) => store.models.list());
  output.data({ models });
  const { bold, dim } = output.colors;
  if (models.length === 0) output.note('There is no model yet: stratus models register FILE.onnx --name NAME');
  else
    output.print(
      table(
        [
          [dim('model'), dim('versions'), dim('aliases')],
          ...models.map((model) => [bold(model.name), String(model.versions), aliasesOf(model)]),
        ],
        ['left', 'right'],
      ),
    );
}

/** A day and a time of day, of the reader's clock. */
export const shownDate = (date: Date): string => {
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
};

async function show(reference: string, options: ModelsOptions): Promise<void> {
  const { parseReference } = await import('../registry/index.ts');
  const output = outputFor(options);
  const { model, version } = parseReference(reference);
  await inWorkspace(options, async ({ store }) => {
    if (version !== undefined) {
      const found = await store.models.version(model, version);
      const run = found.run === undefined ? undefined : await store.runs.get(found.run);
      output.data({ version: found });
      showVersion(found, run?.name, output);
      return;
    }
    const [info, versions] = [await store.models.get(model), await store.models.versions(model)];
    output.data({ model: info, versions });
    showModel(info, versions, output);
  });
}

function showModel(info: ModelInfo, versions: readonly VersionInfo[], { print, colors: { bold, dim, cyan } }: Output): void {
  print(bold(info.name));
  if (info.notes) print(info.notes);
  const names = [...new Set(versions.flatMap(({ metrics }) => Object.keys(metrics)))].slice(0, 4);
  const rows = versions.map(({ number, aliases, createdAt, createdBy, bytes, metrics }) => [
    bold(String(number)),
    cyan(aliases.map((alias) => `@${alias}`).join(' ')),
    ...names.map((name) => (metrics[name] === undefined ? '' : figure(metrics[name]))),
    byteCount(bytes),
    shownDate(createdAt),
    createdBy,
  ]);
  const head = ['version', '', ...names, 'size', 'registered', 'by'].map((text) => dim(text));
  print(table([head, ...rows], ['right', 'left', ...names.map(() => 'right' as const), 'right']));
  if (versions.length < info.versions) print(dim(`… and ${info.versions - versions.length} older ones`));
}

const ports = (list: Signature['inputs']): string =>
  list
    .map(
      ({ name, dtype, shape, unit }) =>
        `${name}: ${dtype} [${shape === null ? '…' : shape.join(', ')}]${unit ? ` (${unit})` : ''}`,
    )
    .join('; ');

const shownJson = (value: Json | undefined): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);

function showVersion(version: VersionInfo, runName: string | undefined, { print, colors: { bold, dim, cyan } }: Output): void {
  const { model, number, aliases, digest, bytes, run, metrics, data, code, notes, createdAt, createdBy } = version;
  print(`${bold(`${model}:${number}`)} ${cyan(aliases.map((alias) => `@${alias}`).join(' '))}`.trimEnd());
  const signature = version.signature as unknown as Signature | undefined;
  const rows = [
    ['registered', `${shownDate(createdAt)} by ${createdBy}`],
    ['file', `${byteCount(bytes)}, ${digest}`],
    ['takes', signature ? ports(signature.inputs) : ''],
    ['gives', signature ? ports(signature.outputs) : ''],
    [
      'metrics',
      Object.entries(metrics)
        .map(([name, value]) => `${name} ${figure(value)}`)
        .join(', '),
    ],
    ['run', run === undefined ? '' : runName === run || runName === undefined ? run : `${run} (${runName})`],
    ['data', shownJson(data)],
    ['code', shownJson(code)],
    ['notes', notes.replaceAll('\n', `\n${' '.repeat(14)}`)],
  ];
  print(table(rows.filter(([, value]) => value !== '').map(([name, value]) => [`  ${dim(name!)}`, value!])));
}
