import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import { z } from 'zod';
import type { Json, VersionInfo } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { aboutName, exportFormat } from './export.ts';
import { type ModelFiles, modelName, readModelFiles } from './model-files.ts';
import { parseReference } from './reference.ts';
import { unpackInto } from './write-blob.ts';

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

async function readAbout(folder: string, path: string): Promise<z.infer<typeof about>> {
  const damaged = (reason: string, cause?: unknown): StratusError =>
    fail('corrupt', { file: path, reason, fix: 'Give what `stratus models export` wrote to a folder or to FILE.tar.' }, cause);
  let text: string;
  try {
    text = await readFile(join(folder, aboutName), 'utf8');
  } catch (e) {
    throw damaged(`it has no ${aboutName}`, e);
  }
  try {
    return about.parse(JSON.parse(text));
  } catch (e) {
    throw damaged(
      e instanceof z.ZodError ? `its ${aboutName} is not right: ${z.prettifyError(e)}` : `its ${aboutName} is not JSON`,
      e,
    );
  }
}

/** Errors: see `Registry.import`. */
export async function importArchive(path: string, { name, ...options }: ImportOptions, add: Add): Promise<VersionInfo> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw fail('file-not-found', { file: path });
  const unpacked = found.isDirectory() ? undefined : await mkdtemp(join(tmpdir(), 'stratus-import-'));
  try {
    if (unpacked !== undefined)
      try {
        await unpackInto(createReadStream(path), unpacked, path);
      } catch (e) {
        const fix = 'Give what `stratus models export` wrote to a folder or to FILE.tar.';
        throw StratusError.is(e) ? e : fail('corrupt', { file: path, reason: (e as Error).message, fix }, e);
      }
    const folder = unpacked ?? path;
    const known = await readAbout(folder, path);
    return await add(name ?? known.model, await readModelFiles(join(folder, modelName)), path, options, {
      digest: known.digest,
      metrics: known.metrics,
      data: known.data,
      code: known.code,
      notes: originOf(known, known.createdAt, path),
    });
  } finally {
    if (unpacked !== undefined) await rm(unpacked, { recursive: true, force: true });
  }
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
