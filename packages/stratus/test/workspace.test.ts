import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { openWorkspace } from '../src/workspace/index.ts';

const root = mkdtempSync(join(tmpdir(), 'stratus-workspace-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const folder = (...parts: readonly string[]): string => {
  const path = join(root, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
};

/** Where it opened what. */
async function opened(
  options: Parameters<typeof openWorkspace>[0],
): Promise<readonly [store: string, blobs: string, project: string]> {
  const { store, blobs, close } = await openWorkspace(options);
  await close();
  return [store.address, blobs.address, store.project];
}

it('makes .stratus where there is none, and finds the one of a folder above', async () => {
  const top = folder('first');
  const places = [join(top, '.stratus', 'store.db'), join(top, '.stratus', 'blobs'), 'default'];
  expect(await opened({ folder: top })).toEqual(places);
  expect(existsSync(places[0]!)).toBe(true);
  expect(await opened({ folder: folder('first', 'src', 'deep') })).toEqual(places);
});

it('takes what is said before the environment, and the environment before the folder; blobs lie beside the store', async () => {
  const top = folder('second');
  vi.stubEnv('STRATUS_STORE', 'elsewhere/runs.db');
  vi.stubEnv('STRATUS_PROJECT', 'vision');
  expect(await opened({ folder: top })).toEqual([join(top, 'elsewhere/runs.db'), join(top, 'elsewhere/blobs'), 'vision']);
  expect(await opened({ folder: top, store: 'sqlite:said.db', project: 'text' })).toEqual([
    join(top, 'said.db'),
    join(top, 'blobs'),
    'text',
  ]);
  vi.stubEnv('STRATUS_BLOBS', 'heap');
  expect((await opened({ folder: top }))[1]).toBe(join(top, 'heap'));
  expect((await opened({ folder: top, blobs: 'mine' }))[1]).toBe(join(top, 'mine'));
});

it('says which folder it could not make', async () => {
  const top = folder('third');
  writeFileSync(join(top, 'file'), '');
  await expect(openWorkspace({ folder: top, store: 'file/in/store.db' })).rejects.toMatchObject({
    code: 'file-failed',
    message: expect.stringContaining(join(top, 'file/in')),
  });
});
