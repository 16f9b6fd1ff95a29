import { createReadStream, existsSync } from 'node:fs';
import { fail, StratusError } from '@stratus/core';
import type { BlobSource } from '../blobs/index.ts';
import type { MetricPoint, NewRun, RunChange, RunStatus } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { changeRun, openRun } from './open-run.ts';

/** Something that a run has for the store: plain JSON, so that it can wait in a file. */
export type Entry = { readonly run: string } & (
  | { readonly op: 'open'; readonly as: NewRun }
  | { readonly op: 'change'; readonly change: RunChange }
  | { readonly op: 'points'; readonly writer: string; readonly sequence: number; readonly points: readonly MetricPoint[] }
  | { readonly op: 'log'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly op: 'artifact'; readonly path: string; readonly from: { readonly file: string } | { readonly bytes: Uint8Array } }
  | { readonly op: 'finish'; readonly status: Exclude<RunStatus, 'running'>; readonly error?: string }
);

/** How many points an entry has. */
export const pointsIn = (entry: Entry): number => (entry.op === 'points' ? entry.points.length : 0);

/** Brings an entry into the store. Errors: those of the store. */
export async function deliver({ store, blobs }: Workspace, entry: Entry): Promise<void> {
  const { run } = entry;
  switch (entry.op) {
    case 'open':
      return await openRun(store, run, entry.as);
    case 'change':
      return await changeRun(store, run, entry.change);
    case 'points':
      return await store.metrics.append(run, entry.points, { writer: entry.writer, sequence: entry.sequence });
    case 'log':
      return await store.logs.append(run, entry.stream, entry.text);
    case 'artifact':
      return await store.artifacts.put(run, { path: entry.path, ...(await blobs.put(await sourceOf(entry.from))) });
    case 'finish':
      return await store.runs.finish(run, entry.status, entry.error);
  }
}

async function sourceOf(from: Extract<Entry, { op: 'artifact' }>['from']): Promise<BlobSource> {
  if ('bytes' in from) return from.bytes;
  if (!existsSync(from.file)) throw fail('file-not-found', { file: from.file });
  return createReadStream(from.file);
}

/** What is wrong with an entry itself: to send it again is of no use. */
const ownFaults: readonly string[] = ['bad-value', 'conflict', 'unknown-name', 'file-not-found'];

export const isOwnFault = (e: unknown): boolean => StratusError.is(e) && ownFaults.includes(e.code);

// JSON has no words for some numbers, none for dates, and none for bytes.

const writable = (_: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
};

export const lineOf = (entry: Entry): string => `${JSON.stringify(entry, writable)}\n`;

/** The entry of a line; undefined for one that was cut off when its process was killed. */
export function entryOf(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Entry;
    if (typeof entry.run !== 'string' || typeof entry.op !== 'string') return undefined;
    if (entry.op === 'artifact' && 'bytes' in entry.from)
      return { ...entry, from: { bytes: new Uint8Array(Buffer.from(String(entry.from.bytes), 'base64')) } };
    if (entry.op !== 'points') return entry;
    const points = entry.points.map(({ name, step, value, at }) => ({ name, step, value: Number(value), at: new Date(at!) }));
    return { ...entry, points };
  } catch {
    return undefined;
  }
}
