import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { RegistrySource, Shipment, Target } from '../shipping/index.ts';
import { isInRegistry, modelArgument, readModel } from './model-source.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor, quoted, table } from './output.ts';
import { version } from './version.ts';
import { inWorkspace, type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface PackageFlags extends WorkspaceFlags {
  readonly for: string;
  readonly name?: string;
  readonly image?: string;
  readonly keys: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `stratus package` */
export function addPackage(program: Command): void {
  const command = withWorkspace(program.command('package'))
    .summary('write what serves a model elsewhere: Docker, Compose, Kubernetes')
    .description(
      `Writes the files with which a model is served elsewhere, with keys for those who ask. A file comes into the image; a model of a registry on PostgreSQL (digits@production) is followed there by every server. For:
  docker   an image for whatever runs containers
  compose  servers behind a balancer, with a registry that they share
  helm     a chart for a cluster of Kubernetes
  kserve   a ServingRuntime and an InferenceService`,
    )
    .argument('<model>', modelArgument('an ONNX file'))
    .argument('[folder]', 'where to write (default: NAME-TARGET)')
    .requiredOption('--for <target>', 'docker, compose, helm or kserve')
    .option('--name <name>', 'what clients call the model (default: the name of the file or in the registry)')
    .option('--image <name>', 'what the image is called, with a tag: registry.example.org/digits:1')
    .option('--no-keys', 'nobody needs a key, because something before the servers checks who asks')
    .option('--force', 'write over files of the same names; secrets are kept')
    .addOption(jsonOption())
    .action(pack);
  withExamples(
    command,
    'stratus package model.onnx --for docker',
    'stratus package digits@production --for compose',
    'stratus package digits@production deploy --for helm --store postgres://… --image registry.example.org/digits:1',
    'stratus package model.onnx --for kserve --name digits',
  );
}

/** Errors: `usage` with a did-you-mean. */
async function targetOf(name: string): Promise<Target> {
  const { fail, lookUp, StratusError } = await import('@stratus/core');
  const { targets } = await import('../shipping/index.ts');
  try {
    return lookUp<Target>('target', targets, name);
  } catch (e) {
    throw StratusError.is(e) ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
}

const isServer = (address: string): boolean => /^postgres(ql)?:\/\//.test(address);

interface Packed {
  readonly name: string;
  readonly source: Shipment['source'];
  /** A tag that changes with what is in the image. */
  readonly tag: string;
  readonly note?: string;
}

/** What comes into the image, or where servers find it. Errors: those of `readModel` and `openServable`. */
async function sourceOf(model: string, flags: PackageFlags, { bringsRegistry = false }: Target): Promise<Packed> {
  const { parseReference } = await import('../registry/index.ts');
  const inRegistry = await isInRegistry(model);
  const name = flags.name ?? (inRegistry ? parseReference(model).model : basename(model, '.onnx'));
  const isFolder = !inRegistry && (await stat(model).catch(() => undefined))?.isDirectory();
  const { fail } = await import('@stratus/core');
  if (isFolder)
    throw fail('usage', { reason: `${model} is a folder.`, fix: 'Name one model: an ONNX file, or a version in the registry.' });
  const { bytes, file } = await readModel(model, flags);
  const { openServable } = await import('../serve/index.ts');
  await (await openServable(bytes, { name, file })).release(); // what cannot be served is told here and not in a cluster
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const found = inRegistry ? await registrySource(model, flags, bringsRegistry) : undefined;
  if (found) return { name, source: found, tag: version };
  const isFollowed = inRegistry && !/:\d+$/.test(model);
  return {
    name,
    source: { kind: 'file', bytes },
    tag,
    ...(isFollowed && {
      note: `${file} goes into the image as it is now: containers cannot reach a registry that is a file of this machine. With --store postgres://… they follow ${model}.`,
    }),
  };
}

/** A registry that containers can reach, or that the target brings. */
async function registrySource(
  reference: string,
  flags: PackageFlags,
  bringsRegistry: boolean,
): Promise<RegistrySource | undefined> {
  return await inWorkspace(flags, async (workspace) => {
    const { STRATUS_STORE: store, STRATUS_BLOBS: blobs, STRATUS_PROJECT: project } = workspace.environment;
    const about = { kind: 'registry', reference, project: project === 'default' ? undefined : project } as const;
    if (isServer(store)) return { ...about, store, blobs };
    if (!bringsRegistry) return undefined;
    return { ...about, store: undefined, blobs: undefined, archive: await archiveOf(reference, workspace) };
  });
}

type Kept = Parameters<Parameters<typeof inWorkspace>[1]>[0];

/** A version as `stratus models export` writes it. */
async function archiveOf(reference: string, workspace: Kept): Promise<Uint8Array> {
  const { mkdtemp, readFile, rm } = await import('node:fs/promises');
  const { tmpdir } = await import('node:os');
  const { registry } = await import('../registry/index.ts');
  const folder = await mkdtemp(resolve(tmpdir(), 'stratus-package-'));
  try {
    const path = resolve(folder, 'model.tar');
    await registry(workspace).export(reference, path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function pack(model: string, folder: string | undefined, flags: PackageFlags): Promise<void> {
  const output = outputFor(flags);
  const target = await targetOf(flags.for);
  const { imageParts, plainName, writeTarget } = await import('../shipping/index.ts');
  if (flags.image !== undefined) imageParts(flags.image);
  const { name, source, tag, note } = await sourceOf(model, flags, target);
  const image = flags.image ?? `${plainName(name)}:${tag}`;
  const node = process.versions.node;
  const shipment: Shipment = { name, source, image, version, node, keys: flags.keys };
  const path = resolve(folder ?? `${plainName(name)}-${flags.for}`);
  const { files, kept } = await writeTarget(target, shipment, path, { force: flags.force });
  const next = [...(path === resolve('') ? [] : [`cd ${quoted(relative('', path))}`]), ...target.next(shipment)];
  output.data({
    type: 'package',
    folder: path,
    target: flags.for,
    name,
    image,
    follows: source.kind === 'registry',
    files: files.map((file) => file.path),
    kept,
    next,
    ...(note !== undefined && { note }),
  });
  const { bold, cyan, dim } = output.colors;
  output.print(`Wrote ${bold(name)} for ${bold(flags.for)} into ${path}\n`);
  output.print(table(files.map((file) => [`  ${file.path}`, dim(file.about)])));
  if (kept.length > 0) output.note(`Kept as they are: ${kept.join(', ')}`);
  if (note !== undefined) output.note(note);
  output.print(`\nNext:\n${next.map((line) => `  ${cyan(line)}`).join('\n')}`);
}
