import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StratusError } from '@stratus/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DataFile, DownloadProgress } from '../src/data/data-file.ts';
import { download, downloadDefaults } from '../src/data/download.ts';

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255));
const sha256 = createHash('sha256').update(content).digest('hex');
const wanted: DataFile = { dataset: 'toy', file: 'toy.bin', bytes: content.length, sha256, urls: [] };

let dir = '';
let servers: Server[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stratus-download-'));
  Object.assign(downloadDefaults(), { stallMs: 5000, pauseMs: 1 });
});
afterEach(async () => {
  Object.assign(downloadDefaults(), { stallMs: undefined, pauseMs: undefined });
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  servers = [];
  rmSync(dir, { recursive: true, force: true });
});

const path = (): string => join(dir, 'toy.bin');
const names = (): string[] => readdirSync(dir).sort();
const isWhole = (): boolean => readFileSync(path()).equals(content);

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/toy.bin`;
}

interface Asked {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}
const asked = ({ headers }: IncomingMessage): Asked => ({
  range: headers.range,
  ifRange: headers['if-range'] as string | undefined,
});

/** A server as it should be: ranges, and an ETag that they are checked against. */
function answer(request: IncomingMessage, response: ServerResponse, { etag = '"v1"', body = content } = {}): Buffer {
  const { range, ifRange } = asked(request);
  const from = range !== undefined && (ifRange === undefined || ifRange === etag) ? Number(/\d+/.exec(range)![0]) : 0;
  const rest = body.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    'content-length': rest.length,
    ...(from > 0 && { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` }),
  });
  return rest;
}
/** Sends so many bytes and hangs up. */
const breakOff = (response: ServerResponse, bytes: Buffer): void =>
  void response.write(bytes, () => setImmediate(() => response.destroy()));

const message = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
  } catch (e) {
    return (e as Error).message;
  }
  throw new Error('expected an error');
};

describe('download', () => {
  it('goes on where a connection broke, in the same call', async () => {
    const requests: Asked[] = [];
    const url = await serve((request, response) => {
      requests.push(asked(request));
      const rest = answer(request, response);
      if (requests.length < 3) breakOff(response, rest.subarray(0, 100_000));
      else response.end(rest);
    });
    const seen: DownloadProgress[] = [];
    await download(url, wanted, path(), { onProgress: (state) => seen.push(state) });
    // What was on its way when the connection broke may be lost: it goes on behind what came.
    expect(requests[0]).toEqual({ range: undefined, ifRange: undefined });
    expect(requests.slice(1).map(({ ifRange }) => ifRange)).toEqual(['"v1"', '"v1"']);
    const begins = requests.map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0));
    expect(begins[1]).toBeGreaterThan(0);
    expect(begins[1]).toBeLessThanOrEqual(100_000);
    expect(begins[2]).toBeGreaterThan(begins[1]!);
    expect(begins[2]).toBeLessThanOrEqual(200_000);
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
    const received = seen.map((state) => state.received);
    expect(received).toEqual([...received].sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ file: 'toy.bin', received: content.length, total: content.length, isOver: true });
    expect(seen.filter((state) => state.isOver)).toHaveLength(1);
  });

  it('goes on with what a call has left that was stopped', async () => {
    const requests: Asked[] = [];
    const controller = new AbortController();
    const url = await serve((request, response) => {
      requests.push(asked(request));
      const rest = answer(request, response);
      if (requests.length === 1) response.write(rest.subarray(0, 150_000));
      else response.end(rest);
    });
    const onProgress = ({ received }: DownloadProgress): void => {
      if (received === 150_000) controller.abort();
    };
    const e = await download(url, wanted, path(), { signal: controller.signal, onProgress }).catch((reason: unknown) => reason);
    expect(StratusError.is(e) && [e.code, e.message]).toEqual(['aborted', 'Downloading toy.bin of toy was stopped.']);
    expect(names().every((name) => /^toy\.bin\.\w+\.part(\.tag)?$/.test(name))).toBe(true);
    await download(url, wanted, path());
    expect(requests[1]).toEqual({ range: 'bytes=150000-', ifRange: '"v1"' });
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
  });

  it('goes on with what a killed process has left', async () => {
    const requests: Asked[] = [];
    let child: ReturnType<typeof spawn> | undefined;
    const url = await serve((request, response) => {
      requests.push(asked(request));
      const rest = answer(request, response);
      if (requests.length > 1) return void response.end(rest);
      response.write(rest.subarray(0, 120_000));
    });
    const script = `
      import { download } from ${JSON.stringify(new URL('../dist/data/download.js', import.meta.url).href)};
      const [url, wanted, path] = JSON.parse(process.argv[1]);
      await download(url, wanted, path, { onProgress: ({ received }) => console.log(received) });`;
    await new Promise<void>((resolve, reject) => {
      child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify([url, wanted, path()])]);
      child.stdout!.on('data', (text: Buffer) => void (String(text).includes('120000') && child!.kill('SIGKILL')));
      child.stderr!.on('data', (text: Buffer) => reject(new Error(String(text))));
      child.on('exit', () => resolve());
    });
    expect(names().some((name) => name.includes(`-${child!.pid}-`))).toBe(true);
    await download(url, wanted, path());
    expect(requests[1]!.range).toBe('bytes=120000-');
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
  });

  it('begins again where a server knows no ranges, or has another version', async () => {
    let count = 0;
    const plain = await serve((_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      if (count++ === 0) breakOff(response, content.subarray(0, 100_000));
      else response.end(content);
    });
    await download(plain, wanted, path());
    expect([isWhole(), count]).toEqual([true, 2]);

    rmSync(path());
    count = 0;
    const changing = await serve((request, response) => {
      const isFirst = count++ === 0;
      const rest = answer(request, response, isFirst ? { etag: '"old"', body: Buffer.alloc(content.length) } : { etag: '"new"' });
      if (isFirst) breakOff(response, rest.subarray(0, 100_000));
      else response.end(rest);
    });
    await download(changing, wanted, path());
    expect([isWhole(), count, names()]).toEqual([true, 2, ['toy.bin']]);
  });

  it('begins again where a server goes on with another version, or somewhere else', async () => {
    for (const second of [
      // It does not look at If-Range, and sends another ETag.
      { status: 206, headers: { etag: '"new"', 'content-range': `bytes 100000-299999/300000` } },
      { status: 206, headers: { etag: '"v1"', 'content-range': `bytes 99999-299999/300000` } },
      { status: 206, headers: { etag: '"v1"', 'content-range': `bytes 100000-299999/300001` } },
      { status: 206, headers: {} },
      { status: 416, headers: {} },
    ]) {
      let count = 0;
      const url = await serve((request, response) => {
        count++;
        if (count === 1) return breakOff(response, answer(request, response).subarray(0, 100_000));
        if (count > 2) return void response.end(answer(request, response));
        response.writeHead(second.status, second.headers as Record<string, string>).end(Buffer.alloc(200_000));
      });
      await download(url, wanted, path());
      expect([isWhole(), count]).toEqual([true, 3]);
      rmSync(path());
    }
  });

  it('begins again once when what was there does not belong to the rest', async () => {
    let count = 0;
    const url = await serve((request, response) => {
      const isFirst = count++ === 0;
      // No ETag, no date: nothing tells that the file was changed but its sum.
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      const rest = (isFirst ? Buffer.alloc(content.length) : content).subarray(from);
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': rest.length,
        ...(from > 0 && { 'content-range': `bytes ${from}-299999/300000` }),
      });
      if (isFirst) response.write(rest.subarray(0, 100_000));
      else response.end(rest);
    });
    const controller = new AbortController();
    const onProgress = ({ received }: DownloadProgress): void => {
      if (received > 0) controller.abort();
    };
    await message(download(url, wanted, path(), { signal: controller.signal, onProgress }));
    await download(url, wanted, path());
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
  });

  it('gives up on a server that always breaks, and keeps what has come', async () => {
    let count = 0;
    const url = await serve((request, response) => {
      count++;
      breakOff(response, answer(request, response).subarray(0, request.headers.range === undefined ? 100_000 : 0));
    });
    expect(await message(download(url, wanted, path()))).toMatch(/terminated|fetch failed/);
    expect(count).toBeGreaterThan(3);
    expect(names().filter((name) => name.endsWith('.part'))).toHaveLength(1);
    expect(statSync(join(dir, names().find((name) => name.endsWith('.part'))!)).size).toBe(100_000);
  });

  it.each<[string, RegExp, RequestListener]>([
    ['offers another length', /it offers 299999 bytes, expected 300000/, (_, response) => response.end(content.subarray(1))],
    [
      'sends more',
      /it sends more than the 300000 bytes/,
      (_, response) => {
        response.write(content);
        response.end('x');
      },
    ],
    ['sends other bytes', /SHA-256 .* expected/, (_, response) => response.end(Buffer.alloc(content.length))],
    ['has no such file', /HTTP 404/, (_, response) => response.writeHead(404).end('nothing')],
    ['cannot answer now', /HTTP 503/, (_, response) => response.writeHead(503).end()],
    [
      'sends a part unasked',
      /HTTP 206/,
      (_, response) => response.writeHead(206, { 'content-range': 'bytes 5-9/300000' }).end('12345'),
    ],
    [
      'sends what is not gzip as gzip',
      /./,
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(content),
    ],
  ])('leaves nothing of a server that %s', async (_, says, listener) => {
    const url = await serve(listener);
    expect(await message(download(url, wanted, path()))).toMatch(says);
    expect(names()).toEqual([]);
  });

  it('does not wait for ever', async () => {
    downloadDefaults().stallMs = 60;
    let count = 0;
    const silent = await serve(() => void count++);
    expect(await message(download(silent, wanted, path()))).toContain('nothing came for 0.06 s');
    expect(count).toBe(1);
    const halting = await serve((request, response) => {
      count++;
      response.write(answer(request, response).subarray(0, count === 2 ? 1000 : 0));
    });
    expect(await message(download(halting, wanted, path()))).toContain('nothing came');
    expect(count).toBeGreaterThan(3);
  });

  it('many at once, in one place: each is whole, and nothing is left', async () => {
    const url = await serve((request, response) => {
      const rest = answer(request, response);
      if (rest.length > 200_000) breakOff(response, rest.subarray(0, 100_000 + Math.floor(rest.length / 3)));
      else response.end(rest);
    });
    await Promise.all(Array.from({ length: 6 }, () => download(url, wanted, path())));
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
  });

  it('leaves the part of a process that lives alone, and takes one that is a day old', async () => {
    const url = await serve((request, response) => response.end(answer(request, response)));
    const controller = new AbortController();
    const stopping = await serve((request, response) => void response.write(answer(request, response).subarray(0, 50_000)));
    const stop = {
      signal: controller.signal,
      onProgress: ({ received }: DownloadProgress) => received > 0 && controller.abort(),
    };
    await message(download(stopping, wanted, path(), stop as never));
    const [left] = names();
    const [, start] = /^(toy\.bin\.\w+)\.part$/.exec(left!)!;
    rmSync(dir, { recursive: true });
    dir = mkdtempSync(join(tmpdir(), 'stratus-download-'));
    // As the process of another machine would write it: nobody here knows whether it lives.
    const other = join(dir, `${start}.elsewhere-1-x.part`);
    writeFileSync(other, content.subarray(0, 70_000));
    await download(url, wanted, path());
    expect(names()).toEqual(['toy.bin', `${start}.elsewhere-1-x.part`]);
    rmSync(path());
    utimesSync(other, 0, 0);
    const seen: number[] = [];
    // The part belongs to the other address.
    await download(url, wanted, path(), { onProgress: ({ received }) => seen.push(received) });
    expect(seen[0]).toBe(0);
    const server = servers.at(-1)!;
    server.removeAllListeners('request').on('request', (request, response) => response.end(answer(request, response)));
    rmSync(path());
    await download(stopping, wanted, path(), { onProgress: ({ received }) => seen.push(received) });
    expect(seen).toContain(70_000);
    expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
  });

  it('an error of onProgress is no reason to connect again', async () => {
    let count = 0;
    const url = await serve((request, response) => {
      count++;
      response.end(answer(request, response));
    });
    const onProgress = (): void => {
      throw new Error('ha');
    };
    expect(await message(download(url, wanted, path(), { onProgress }))).toContain("onProgress threw 'ha'");
    expect([count <= 1, names()]).toEqual([true, []]);
  });

  it('is whole however connections break', async () => {
    let plan: number[] = [];
    const url = await serve((request, response) => {
      const rest = answer(request, response);
      const next = plan.shift();
      if (next === undefined || next >= rest.length) response.end(rest);
      else breakOff(response, rest.subarray(0, next));
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: content.length - 1 }), { maxLength: 5 }), async (breaks) => {
        plan = [...breaks];
        await download(url, wanted, path());
        expect([isWhole(), names()]).toEqual([true, ['toy.bin']]);
        rmSync(path());
      }),
      { numRuns: 25 },
    );
  });
});

/** A disk of 128 KB, or undefined where this user may not make one. */
const smallDisk = ((): string | undefined => {
  const at = mkdtempSync(join(tmpdir(), 'stratus-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch {
    rmSync(at, { recursive: true, force: true });
    return undefined;
  }
})();

it.skipIf(smallDisk === undefined)('a full disk is told, and not left full (needs the right to mount a tmpfs)', async () => {
  const url = await serve((request, response) => response.end(answer(request, response)));
  try {
    const e = await download(url, wanted, join(smallDisk!, 'toy.bin')).catch((reason: unknown) => reason);
    expect(StratusError.is(e) && [e.code, e.message.includes('no space left on the disk')]).toEqual(['file-failed', true]);
    expect(readdirSync(smallDisk!)).toEqual([]);
  } finally {
    execFileSync('umount', [smallDisk!]);
    rmSync(smallDisk!, { recursive: true });
  }
});
