import { StratusError } from '@stratus/core';
import type { WireEvent } from '../api/index.ts';
import { type Asking, ask, pause, pauseMs, stopped } from './asking.ts';
import { eventOf, type RunEvent } from './numbers.ts';

/** How a run is followed. */
export interface FollowOptions {
  /** 'start' tells everything from the beginning, which it is unless told; 'now' what comes. */
  readonly from?: 'start' | 'now';
  readonly signal?: AbortSignal;
}

interface Message {
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

/** A server gives a sign of life every 15 seconds. */
const silenceMs = 50_000;

function messageOf(block: string): Message | undefined {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
    }),
  );
  const data = fields.get('data');
  return data === undefined ? undefined : { type: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data };
}

/** The messages of a stream; `abort` is called where nothing comes for too long. Source: HTML, section 9.2 (server-sent events). */
async function* messages(body: ReadableStream<Uint8Array>, abort: () => void): AsyncGenerator<Message> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const timer = setTimeout(abort, silenceMs);
      const { value, done } = await reader.read().finally(() => clearTimeout(timer));
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) {
        const message = messageOf(block);
        if (message !== undefined) yield message;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Follows a run until it has ended. Where the connection breaks off, it is taken up where it was. */
export async function* followRun(
  asking: Asking,
  path: string,
  { from = 'start', signal }: FollowOptions,
): AsyncGenerator<RunEvent> {
  let last = '';
  let tries = 0;
  while (!signal?.aborted) {
    const breaking = new AbortController();
    const abort = (): void => breaking.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const headers = last === '' ? {} : { 'last-event-id': last };
      const response = await ask(asking, path, { query: { from }, headers, signal: breaking.signal });
      if (response.status === 204 || response.body === null) return;
      for await (const { type, id, data } of messages(response.body, abort)) {
        last = id;
        tries = 0;
        const event = eventOf({ type, ...(JSON.parse(data) as object) } as WireEvent);
        yield event;
        if (event.type === 'end') return;
      }
    } catch (e) {
      if (StratusError.is(e) && e.code !== 'aborted') throw e; // what was asked for is not there, or the server is gone for good
    } finally {
      signal?.removeEventListener('abort', abort);
      breaking.abort();
    }
    if (!signal?.aborted) await pause(pauseMs(tries++), signal).catch(() => undefined);
  }
  throw stopped(signal);
}
