import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import { z } from 'zod';
import type { Json, VersionInfo } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { aboutName, exportFormat } from './export.ts';
import { type ModelFiles, modelName, namesBeside, readModelFiles } from './model-files.ts';
import { parseReference } from './reference.ts';
import { readPart, type TarEntry, tarEntries } from './tar.ts';
import { checkEntry } from './write-blob.ts';

/** How a version comes in. */
export interface ImportOptions {
  /** What the model is called here; as it was called there, where it is left out. */
  readonly name?: string;
  readonly notes?: string;
  readonly by?: string;
}

/** What another store knew of a version. Its run stays there: it is told in the notes. */
export interface Lineage {
  readonly digest: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly data: Json | undefined;
  readonly code: Json | undefined;
  readonly notes: string;
}

/** Adds a version; see `registry.ts`. */
export type Add = (
  name: string,
  files: ModelFiles,
  file: string,
  options: Omit<ImportOptions, 'name'>,
  lineage: Lineage,
) => Promise<VersionInfo>;

const json = z.json() as unknown as z.ZodType<Json>;
const about = z.object({
  format: z.literal(exportFormat),
  model: z.string(),
  number: z.int().positive(),
  digest: z.string(),
  run: z.string().optional(),
  metrics: z.record(z.string(), z.number()),
  data: json.optional(),
  code: json.optional(),
  notes: z.string(),
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
});

const originOf = (
  {
    model,
    number,
    run,
    notes,
    createdBy,
  }: Pick<VersionInfo, 'model' | 'number' | 'notes' | 'createdBy'> & { run?: string | undefined },
  at: string,
  from: string,
): string =>
  [
    notes,
    `Imported from ${model}:${number} of ${from}, registered ${at} by ${createdBy}${run === undefined ? '' : `, made by the run ${run}`}.`,
  ]
    .filter((text) => text)
    .join('\n');

const damaged = (file: string, reason: string, cause?: unknown): StratusError =>
  fail('corrupt', { file, reason, fix: 'Give what `stratus models export` wrote to a folder or to FILE.tar.' }, cause);

function parseAbout(text: string, path: string): z.infer<typeof about> {
  try {
    return about.parse(JSON.parse(text));
  } catch (e) {
    throw damaged(
      path,
      e instanceof z.ZodError ? `its ${aboutName} is not right: ${z.prettifyError(e)}` : `its ${aboutName} is not JSON`,
      e,
    );
  }
}

/** What an export wrote. */
interface Export {
  /** The text of `version.json`. */
  readonly about: string;
  readonly files: ModelFiles;
}

async function readFolder(folder: string): Promise<Export> {
  const text = await readFile(join(folder, aboutName), 'utf8').catch((e: unknown) => {
    throw damaged(folder, `it has no ${aboutName}`, e);
  });
  return { about: text, files: await readModelFiles(join(folder, modelName)) };
}

/** The large files stay where they are in the archive, and are read from there. */
async function readTar(path: string): Promise<Export> {
  const entries = await tarEntries(path).catch((e: unknown) => {
    throw damaged(path, (e as Error).message, e);
  });
  for (const entry of entries) checkEntry(path, entry);
  const entryOf = (name: string): TarEntry => {
    const found = entries.find((entry) => entry.name === name);
    if (found === undefined) throw damaged(path, `it has no ${name}`);
    return found;
  };
  const read = async (name: string): Promise<Uint8Array> =>
    await readPart(path, entryOf(name)).catch((e: unknown) => {
      throw StratusError.is(e) ? e : damaged(path, (e as Error).message, e);
    });
  const text = new TextDecoder().decode(await read(aboutName));
  const model = await read(modelName);
  return {
    about: text,
    files: { model, beside: namesBeside(model, path).map((name) => ({ ...entryOf(name), path })) },
  };
}

/** Errors: see `Registry.import`. */
export async function importArchive(path: string, { name, ...options }: ImportOptions, add: Add): Promise<VersionInfo> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) throw fail('file-not-found', { file: path });
  const found = there.isDirectory() ? await readFolder(path) : await readTar(path);
  const known = parseAbout(found.about, path);
  return await add(name ?? known.model, found.files, path, options, {
    digest: known.digest,
    metrics: known.metrics,
    data: known.data,
    code: known.code,
    notes: originOf(known, known.createdAt, path),
  });
}

/** Errors: see `Registry.importFrom`. */
export async function copyVersion(
  from: Workspace,
  to: Pick<Workspace, 'store' | 'blobs'>,
  reference: string,
  { name, notes, by }: ImportOptions,
): Promise<VersionInfo> {
  const { model, version: wanted = 'latest' } = parseReference(reference);
  const found = await from.store.models.version(model, wanted);
  const blob = await to.blobs.put(from.blobs.stream(found.digest), { expect: found.digest });
  const { signature, metrics, data, code, createdAt } = found;
  const origin = originOf(found, createdAt.toISOString(), `${from.store.address} (project ${from.store.project})`);
  return await to.store.models.register(name ?? model, {
    ...blob,
    metrics,
    ...(signature !== undefined && { signature }),
    ...(data !== undefined && { data }),
    ...(code !== undefined && { code }),
    notes: [notes, origin].filter((text) => text).join('\n'),
    ...(by !== undefined && { by }),
  });
}
