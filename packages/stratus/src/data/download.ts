import { setTimeout as pause } from 'node:timers/promises';
import { fail, StratusError } from '@stratus/core';
import type { DataFile, OnDownload } from './data-file.ts';
import { openPart, type Part } from './part-file.ts';

/** What all downloads of this process take over from their surroundings. */
export interface DownloadDefaults {
  /** Shows downloads that show nothing else. */
  onProgress?: OnDownload | undefined;
  /** No address is asked for so long when nothing comes; 30 s unless set. */
  stallMs?: number | undefined;
  /** The wait before a broken connection is tried again; it doubles with each try. Half a second unless set. */
  pauseMs?: number | undefined;
}

const key = Symbol.for('stratus.download');

/** The defaults of this process; shared by all copies of the package in it. */
export const downloadDefaults = (): DownloadDefaults => {
  const world = globalThis as unknown as Record<symbol, DownloadDefaults | undefined>;
  world[key] ??= {};
  return world[key];
};

/** A file as it must be when it has come. */
type Wanted = Pick<DataFile, 'dataset' | 'file' | 'bytes' | 'sha256'>;

/** So often in turn a connection may break without anything more having come. */
const tries = 4;
/** And so often at all. */
const mostTries = 200;

/** What another try would not change. */
class Refused extends Error {}

/** Which version of a file a server has. A weak ETag does not promise the same bytes. */
function versionOf({ headers }: Response): string | undefined {
  const etag = headers.get('etag');
  return etag && !etag.startsWith('W/') ? etag : (headers.get('last-modified') ?? undefined);
}

/** Throws when a whole file is offered that cannot be the one wanted. */
function checkOffer({ headers }: Response, { bytes }: Wanted): void {
  const offered = headers.get('content-length');
  if (offered !== null && !headers.has('content-encoding') && Number(offered) !== bytes)
    throw new Refused(`it offers ${offered} bytes, expected ${bytes}`);
}

/** Whether an answer goes on where the part ends. */
function goesOn(response: Response, part: Part, { bytes }: Wanted): boolean {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  const version = versionOf(response);
  const isSame = version === undefined || part.version === undefined || version === part.version;
  return Number(from) === part.length && (total === '*' || Number(total) === bytes) && isSame;
}

/** The answer of a server, made to fit the part: what comes next belongs at its end. */
async function answerFor(url: string, wanted: Wanted, part: Part, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (part.length > 0) headers['range'] = `bytes=${part.length}-`;
  if (part.length > 0 && part.version !== undefined) headers['if-range'] = part.version;
  const response = await fetch(url, { headers, signal });
  try {
    if (response.status === 206 && goesOn(response, part, wanted)) return response;
    if (response.status === 206 || response.status === 416) {
      const had = part.length;
      await part.restart(undefined);
      throw had > 0 ? new Error('it does not go on where it broke off') : new Refused(`HTTP ${response.status}`);
    }
    if (!response.ok) throw new (response.status >= 500 || response.status === 429 ? Error : Refused)(`HTTP ${response.status}`);
    checkOffer(response, wanted);
    await part.restart(versionOf(response));
    return response;
  } catch (e) {
    await response.body?.cancel().catch(() => undefined);
    throw e;
  }
}

/** A signal that comes when nothing has happened for a while. */
function stallWatch(ms: number): { readonly signal: AbortSignal; touch(): void; end(): void } {
  const controller = new AbortController();
  const stop = (): void => controller.abort(new Error(`nothing came for ${ms / 1000} s`));
  const timer = setTimeout(stop, ms);
  return { signal: controller.signal, touch: () => void timer.refresh(), end: () => clearTimeout(timer) };
}

interface Options {
  readonly signal?: AbortSignal | undefined;
  readonly report: (received: number) => void;
}

/** A connection that was there and broke. Where nobody answers, the next address is asked at once. */
const hadBroken = (e: unknown): boolean =>
  ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(((e as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? '');

/** One connection: adds to the part what comes. Returns when it is as long as the file. */
async function receive(url: string, wanted: Wanted, part: Part, { signal, report }: Options): Promise<void> {
  const watch = stallWatch(downloadDefaults().stallMs ?? 30_000);
  try {
    const response = await answerFor(url, wanted, part, signal ? AbortSignal.any([signal, watch.signal]) : watch.signal);
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      watch.touch();
      if (part.length + chunk.length > wanted.bytes)
        throw new Refused(`it sends more than the ${wanted.bytes} bytes of this file`);
      await part.append(chunk);
      report(part.length);
    }
    if (part.length < wanted.bytes) throw new Error(`it ended after ${part.length} of ${wanted.bytes} bytes`);
  } finally {
    watch.end();
  }
}

/** Connects until everything is there, with a few more tries when a connection breaks that had begun. */
async function receiveAll(url: string, wanted: Wanted, part: Part, options: Options): Promise<void> {
  const { signal } = options;
  let [most, failures] = [part.length, 0];
  for (let all = 0; part.length < wanted.bytes; all++) {
    let isBegun = all > 0;
    try {
      await receive(url, wanted, part, {
        signal,
        report(received) {
          isBegun = true;
          options.report(received);
        },
      });
    } catch (e) {
      failures = part.length > most ? 1 : failures + 1;
      most = Math.max(most, part.length);
      if (e instanceof Refused || StratusError.is(e) || signal?.aborted) throw e;
      if (!(isBegun || hadBroken(e)) || failures > tries || all > mostTries) throw e;
      await pause((downloadDefaults().pauseMs ?? 500) * 2 ** (failures - 1), undefined, { signal });
    }
  }
}

/** The whole file as a part, its SHA-256 checked. */
async function receiveChecked(url: string, wanted: Wanted, part: Part, options: Options): Promise<void> {
  const isResumed = part.length > 0;
  if (part.length > wanted.bytes) await part.restart(undefined);
  options.report(part.length);
  await receiveAll(url, wanted, part, options);
  if (part.digest() !== wanted.sha256 && isResumed) {
    // What was there may have been of another version.
    await part.restart(undefined);
    await receiveAll(url, wanted, part, options);
  }
  const got = part.digest();
  if (got !== wanted.sha256)
    throw new Refused(`it sent ${part.length} bytes with the SHA-256 ${got}, expected ${wanted.bytes} and ${wanted.sha256}`);
}

/**
 * Downloads a file to `path`, where it appears when it is whole and its SHA-256 is right. What comes goes to disk at once. A connection that breaks is tried again from where it broke, as far
 * as the server can; so is, in a later call, a download that was stopped or killed. The bytes, where nothing can be written to the folder.
 *
 * Errors: `aborted`; `file-failed` when the disk is full, which is not left full; others say what the server did wrong. Of what is wrong nothing is left.
 * Source: RFC 9110, sections 13 and 14.
 */
export async function download(
  url: string,
  wanted: Wanted,
  path: string,
  {
    signal,
    onProgress = downloadDefaults().onProgress,
  }: { signal?: AbortSignal | undefined; onProgress?: OnDownload | undefined } = {},
): Promise<Uint8Array | undefined> {
  const { dataset, file, bytes: total } = wanted;
  let received = 0;
  const tell = (isOver: boolean): void => {
    try {
      onProgress?.({ file, received, total, isOver });
    } catch (e) {
      throw new Refused(`onProgress threw '${(e as Error).message}'`, { cause: e }); // no reason to connect again
    }
  };
  const part = await openPart(path, `${url} ${wanted.sha256}`);
  try {
    await receiveChecked(url, wanted, part, {
      signal,
      report(length) {
        received = length;
        tell(false);
      },
    });
    return await part.finish();
  } catch (e) {
    const isWrong = e instanceof Refused || StratusError.is(e);
    if (isWrong && !signal?.aborted) await part.discard();
    else await part.leave();
    if (signal?.aborted) throw fail('aborted', { what: `Downloading ${file} of ${dataset}` }, e);
    throw e;
  } finally {
    tell(true);
  }
}
