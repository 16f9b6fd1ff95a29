// TLS and client certificates, with certificates that openssl made.
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import type { InferResponse } from '../src/serve/index.ts';
import { type Authority, authority, hasOpenssl, replaceFiles } from './certificate-files.ts';
import { closed, raw } from './raw-socket.ts';
import { answer, failure, inferBody, smallBytes } from './serving.ts';

describe.skipIf(!hasOpenssl)(`TLS${hasOpenssl ? '' : ' (needs openssl)'}`, () => {
  let bytes: Uint8Array;
  let own: Authority;
  let other: Authority;
  const open: Deployment[] = [];
  beforeAll(async () => {
    bytes = await smallBytes();
    [own, other] = [authority(), authority('Another authority')];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.stop()));
  });
  afterAll(() => {
    own.remove();
    other.remove();
  });
  const serve = async (options: DeployOptions): Promise<Deployment> => {
    const server = await deploy(bytes, { port: 0, name: 'm', stopOn: [], ...options });
    open.push(server);
    return server;
  };

  /** Asks over a connection of its own. */
  const ask = (url: string, options: ConnectionOptions): Promise<readonly number[]> =>
    new Promise((resolve, reject) => {
      const client = request(`${url}/v2/models/m/infer`, { method: 'POST', agent: false, ...options }, (response) => {
        let text = '';
        response.on('data', (part) => (text += String(part)));
        response.on('end', () => resolve((JSON.parse(text) as InferResponse).outputs[0]!.data as number[]));
      });
      client.on('error', reject);
      client.end(inferBody([1, 2, 3], [1, 3]));
    });
  const trust = () => ({ ca: readFileSync(own.ca) });

  it('serves over HTTPS, TLS 1.2 at least, to who trusts the authority', async () => {
    const server = await serve({ tls: own.issue('server') });
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    expect(await ask(server.url, trust())).toEqual(answer([1, 2, 3]));
    await expect(ask(server.url, {})).rejects.toThrow(/certificate/);
    await expect(ask(server.url, { ...trust(), maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
    expect(await raw(server.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).not.toContain('200');
    expect(await ask(server.url, trust())).toEqual(answer([1, 2, 3]));
  });

  it('lets in only clients whose certificate the authority has signed', async () => {
    const server = await serve({ tls: { ...own.issue('server'), ca: own.ca } });
    const as = ({ cert, key }: { cert: string; key: string }) => ({
      ...trust(),
      cert: readFileSync(cert),
      key: readFileSync(key),
    });
    expect(await ask(server.url, as(own.issue('client')))).toEqual(answer([1, 2, 3]));
    await expect(ask(server.url, trust())).rejects.toThrow();
    await expect(ask(server.url, as(other.issue('stranger')))).rejects.toThrow();
    await expect(ask(server.url, as(own.issue('late', -1)))).rejects.toThrow();
    expect(await ask(server.url, as(own.issue('client')))).toEqual(answer([1, 2, 3]));
  });

  it('takes new certificates while it runs, keeps connections, and never takes what does not fit', async () => {
    const tls = own.issue('first');
    const told: unknown[] = [];
    const server = await serve({ tls, report: (e) => told.push(e) });
    const nameOf = async (): Promise<string> => {
      const socket = connectTls({ port: server.port, host: '127.0.0.1', ...trust() });
      await once(socket, 'secureConnect');
      const { CN } = socket.getPeerCertificate().subject;
      socket.destroy();
      return String(CN);
    };
    expect(await nameOf()).toBe('first');
    const kept = connectTls({ port: server.port, host: '127.0.0.1', ...trust() });
    await once(kept, 'secureConnect');

    replaceFiles(tls, own.issue('second'));
    while ((await nameOf()) !== 'second');

    writeFileSync(tls.key, readFileSync(own.issue('third').key)); // of another certificate
    while (told.length === 0) await nameOf();
    expect(String(told[0])).toMatch(/first\.key: it is not the key of/);
    expect(await nameOf()).toBe('second');

    replaceFiles(tls, own.issue('fourth'));
    process.emit('SIGHUP'); // or at once
    while ((await nameOf()) !== 'fourth');

    kept.write('GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(String((await once(kept, 'data'))[0])).toContain('200 OK');
    kept.destroy();
    await server.stop();
    expect(process.listenerCount('SIGHUP')).toBe(0);
  });

  it('says what is wrong with its files, before it listens', async () => {
    const { cert, key } = own.issue('server');
    const folder = own.folder;
    writeFileSync(join(folder, 'empty'), '');
    writeFileSync(join(folder, 'broken.pem'), readFileSync(cert, 'utf8').replace(/[A-Z]{5}/, '!!!!!'));
    const cases = [
      [{ cert: join(folder, 'none.pem'), key }, 'file-not-found', /none\.pem/],
      [{ cert: key, key }, 'bad-value', /there is no certificate in it/],
      [{ cert: join(folder, 'empty'), key }, 'bad-value', /there is no certificate in it/],
      [{ cert: join(folder, 'broken.pem'), key }, 'bad-value', /broken\.pem/],
      [{ cert, key: cert }, 'bad-value', /without a password/],
      [{ cert, key: own.issue('another').key }, 'bad-value', /is not the key of/],
      [{ cert, key, ca: key }, 'bad-value', /there is no certificate in it/],
      [own.issue('over', -1), 'bad-value', /it counts from .* to .*Renew it/],
    ] as const;
    for (const [tls, code, message] of cases) {
      const e = await failure(deploy(bytes, { port: 0, tls, stopOn: [] }));
      expect([e.code, e.message]).toEqual([code, expect.stringMatching(message)]);
    }
  });

  it('drops those who connect and never shake hands, and stops although they are there', async () => {
    const server = await serve({ tls: own.issue('server'), headersTimeoutMs: 500 });
    const silent = Array.from({ length: 20 }, () => connect(server.port, '127.0.0.1'));
    const half = connect(server.port, '127.0.0.1');
    half.write(Buffer.from('160301020001', 'hex'));
    await Promise.all([...silent, half].map(closed));
    expect(await ask(server.url, trust())).toEqual(answer([1, 2, 3]));
    const late = connect(server.port, '127.0.0.1');
    const end = closed(late);
    await once(late, 'connect');
    await server.stop();
    await end;
  });
});
