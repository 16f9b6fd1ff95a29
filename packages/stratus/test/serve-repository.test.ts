// Models that come and go: lazily loaded, put away, replaced, never in the middle of a request.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, input, sequential, type Tensor, tensor } from '@stratus/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { folderShelf } from '../src/folder-shelf.ts';
import { DataPlane, type Shelf, type ShelvedModel } from '../src/serve/index.ts';
import { sessionBytes } from '../src/serve/session-memory.ts';
import { failure } from './serving.ts';

/** y = x * factor: which artifact answered can be read from the answer. */
async function times(factor: number): Promise<Uint8Array> {
  const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })], { name: 'times' });
  await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
  return await net.toBytes();
}

const artifacts: Uint8Array[] = [];
beforeAll(async () => {
  for (let factor = 0; factor < 5; factor++) artifacts.push(await times(factor));
});

const x = (): Record<string, Tensor> => ({ x: tensor([[1]]) });
const factorOf = async (plane: DataPlane, name: string, version?: string): Promise<number> =>
  Number((await plane.compute(name, x(), { version })).outputs['y']!.data[0]);

/** A shelf in memory whose contents the test changes; `read` counts. */
class Memory implements Shelf {
  readonly models = new Map<string, { versions: Record<string, Uint8Array>; wanted: string; aliases?: Record<string, string> }>();
  reads = 0;
  async list(): Promise<ShelvedModel[]> {
    return [...this.models].map(([name, { versions, wanted, aliases = {} }]) => ({
      name,
      versions: Object.keys(versions),
      wanted,
      aliases,
    }));
  }
  async read(name: string, version: string): Promise<Uint8Array> {
    this.reads++;
    return this.models.get(name)!.versions[version]!;
  }
}

describe('what is in memory', () => {
  it('loads a model when it is asked first, once for all who ask', async () => {
    const shelf = new Memory();
    shelf.models.set('m', { versions: { 1: artifacts[1]!, 2: artifacts[2]! }, wanted: '2' });
    const plane = new DataPlane([], { shelf, lazy: true, instances: 1 });
    await plane.repository.look();
    expect([shelf.reads, plane.models(), plane.modelReady('m')]).toEqual([0, ['m'], false]);
    expect(plane.repository.index().map(({ version, state }) => [version, state])).toEqual([['1', 'UNAVAILABLE'], ['2', 'UNAVAILABLE']]); // biome-ignore format: a table
    expect(await Promise.all([1, 2, 3].map(() => factorOf(plane, 'm')))).toEqual([2, 2, 2]);
    expect(await factorOf(plane, 'm', '1')).toBe(1);
    expect(shelf.reads).toBe(2);
    expect(plane.repository.index({ ready: true })).toHaveLength(2);
    expect((await failure(plane.compute('m', x(), { version: '3' }))).code).toBe('model-not-found');
    expect((await failure(plane.compute('n', x()))).code).toBe('model-not-found');
    await plane.release();
  });

  it('puts away what was not asked for the longest time, and nothing that is in use', async () => {
    const shelf = new Memory();
    for (let i = 1; i < 5; i++) shelf.models.set(`m${i}`, { versions: { 1: artifacts[i]! }, wanted: '1' });
    const size = sessionBytes(artifacts[1]!.length);
    const plane = new DataPlane([], { shelf, memoryLimitBytes: 2.5 * size, instances: 1 });
    await plane.repository.look();
    const ready = () => plane.repository.index({ ready: true }).map(({ name }) => name);
    for (const i of [1, 2, 1, 3]) expect(await factorOf(plane, `m${i}`)).toBe(i);
    expect(ready()).toEqual(['m1', 'm3']);
    const held = [await plane.repository.hold('m1'), await plane.repository.hold('m3')];
    expect((await failure(plane.compute('m2', x()))).code).toBe('busy');
    held[1]!.letGo();
    expect(await factorOf(plane, 'm2')).toBe(2);
    expect(ready()).toEqual(['m1', 'm2']);
    held[0]!.letGo();
    expect(await factorOf(plane, 'm1')).toBe(1);
    const small = new DataPlane([], { shelf, memoryLimitBytes: size / 2 });
    await small.repository.look();
    expect((await failure(small.compute('m1', x()))).message).toContain('memoryLimitBytes');
    await Promise.all([plane.release(), small.release()]);
  });

  it('puts away what is idle', async () => {
    const shelf = new Memory();
    shelf.models.set('m', { versions: { 1: artifacts[1]!, 2: artifacts[2]! }, wanted: '2' });
    const plane = new DataPlane([], { shelf, idleMs: 0 });
    await plane.repository.look();
    expect(await factorOf(plane, 'm', '1')).toBe(1);
    await plane.repository.look();
    expect(plane.repository.index({ ready: true }).map(({ version }) => version)).toEqual(['2']); // the standard one stays
    await plane.release();
  });

  it('loads and unloads by name', async () => {
    const shelf = new Memory();
    shelf.models.set('m', { versions: { 1: artifacts[1]! }, wanted: '1' });
    const plane = new DataPlane([], { shelf });
    await plane.repository.look();
    const answers = Promise.all([factorOf(plane, 'm'), factorOf(plane, 'm')]);
    await plane.repository.unload('m');
    expect(await answers).toEqual([1, 1]); // they were on their way
    expect([plane.models(), plane.repository.index()[0]!.reason]).toEqual([[], 'unloaded']);
    expect((await failure(plane.compute('m', x()))).code).toBe('model-not-found');
    await plane.repository.look();
    expect(plane.models()).toEqual([]); // until somebody loads it
    await plane.repository.load('m');
    expect(await factorOf(plane, 'm')).toBe(1);
    shelf.models.set('new', { versions: { 7: artifacts[4]! }, wanted: '7' });
    await plane.repository.load('new');
    expect(await factorOf(plane, 'new')).toBe(4);
    expect((await failure(plane.repository.load('nobody'))).code).toBe('model-not-found');
    await plane.release();
  });

  it('keeps its memory over many rounds of loading and unloading', async () => {
    const shelf = new Memory();
    const wide = await sequential([input({ shape: [512], name: 'x' }), dense({ units: 1024, name: 'y' })]).toBytes(); // 2 MB
    shelf.models.set('wide', { versions: { 1: wide }, wanted: '1' });
    const plane = new DataPlane([], { shelf, lazy: true });
    await plane.repository.look();
    const round = async (): Promise<void> => {
      await plane.repository.load('wide');
      await plane.compute('wide', { x: tensor([new Array<number>(512).fill(1)]) });
      await plane.repository.unload('wide');
    };
    for (let i = 0; i < 10; i++) await round();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 50; i++) await round();
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(60); // each takes more than 2 MB: a leak were 100 MB and more
    await plane.release();
  });
});

describe('versions', () => {
  it('follows an alias when what it points to is ready, and never to what cannot be served', async () => {
    const shelf = new Memory();
    const reported: unknown[] = [];
    const model = {
      versions: { 1: artifacts[1]! } as Record<string, Uint8Array>,
      wanted: '1',
      aliases: { stable: '1' } as Record<string, string>,
    };
    shelf.models.set('m', model);
    const plane = new DataPlane([], { shelf, report: (e) => void reported.push(e) });
    await plane.repository.look();
    model.versions['2'] = artifacts[2]!.slice(0, 100);
    Object.assign(model, { wanted: '2', aliases: { stable: '2' } });
    await plane.repository.look();
    await plane.repository.look();
    expect([await factorOf(plane, 'm'), await factorOf(plane, 'm@stable'), reported.length]).toEqual([1, 1, 1]);
    expect(plane.repository.index().map(({ state }) => state)).toEqual(['READY', 'UNAVAILABLE']);
    model.versions['3'] = artifacts[3]!;
    Object.assign(model, { wanted: '3', aliases: { stable: '3' } });
    await plane.repository.look();
    expect([await factorOf(plane, 'm'), await factorOf(plane, 'm', '@stable'), await factorOf(plane, 'm', '1')]).toEqual([
      3, 3, 1,
    ]);
    await plane.release();
  });

  it('switches an alias and a canary under load a hundred times without a failed request', async () => {
    const shelf = new Memory();
    const model = { versions: { 1: artifacts[1]!, 2: artifacts[2]! }, wanted: '1', aliases: { production: '1' } };
    shelf.models.set('m', model);
    const plane = new DataPlane([], { shelf });
    await plane.repository.look();
    let isOver = false;
    const answers = new Map<number, number>();
    const client = async (name: string): Promise<void> => {
      while (!isOver) {
        const factor = await factorOf(plane, name);
        answers.set(factor, (answers.get(factor) ?? 0) + 1);
      }
    };
    const clients = ['m', 'm', 'm@production', 'm@production'].map(client);
    for (let i = 0; i < 100; i++) {
      Object.assign(model, { wanted: String(1 + (i % 2)), aliases: { production: String(1 + (i % 2)) } });
      await plane.repository.look();
      const routes = [{ version: '1', weight: 100 - i }, { version: '2', weight: i }]; // biome-ignore format: one line
      await plane.traffic.set({ model: 'm', routes }, { by: 'ann' });
      await new Promise((resolve) => setImmediate(resolve));
      if (i % 10 === 9) await plane.traffic.clear('m', { by: 'ann' });
    }
    isOver = true;
    await Promise.all(clients); // throws where one failed
    expect([...answers.keys()].sort()).toEqual([1, 2]);
    expect(plane.repository.index({ ready: true }).length).toBeLessThanOrEqual(2);
    await plane.release();
  });
});

describe('a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-shelf-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, `${path}.part`), bytes);
    renameSync(join(folder, `${path}.part`), join(folder, path));
  };

  it('is served over HTTP and followed, versions side by side', async () => {
    const own = join('served', 'net');
    for (const version of [1, 2]) write(`${own}/${version}/model.onnx`, artifacts[version]!);
    const { url, stop } = await deploy(join(folder, 'served'), { port: 0, lookMs: 20, stopOn: [], lazy: true });
    const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] });
    const ask = async (path: string): Promise<number | undefined> => {
      const response = await fetch(`${url}/v2/models/net${path}/infer`, { method: 'POST', body });
      return response.ok ? ((await response.json()) as { outputs: { data: number[] }[] }).outputs[0]!.data[0] : undefined;
    };
    expect([await ask('/versions/1'), await ask(''), await ask('/versions/3')]).toEqual([1, 2, undefined]);
    write(`${own}/3/model.onnx`, artifacts[3]!);
    await expect.poll(() => ask(''), { timeout: 30_000 }).toBe(3);
    const about = (await (await fetch(`${url}/v2/models/net`)).json()) as { versions: string[] };
    expect(about.versions).toEqual(['1', '2', '3']);
    await stop();
    rmSync(join(folder, 'served'), { recursive: true });
  });

  it('has files, and folders with versions; what is written anew is loaded anew', async () => {
    write('flat.onnx', artifacts[1]!);
    for (const version of [1, 2, 10]) write(`deep/${version}/model.onnx`, artifacts[version % 8]!);
    write('deep/notes/readme.txt', new Uint8Array());
    write('.hidden/1/model.onnx', artifacts[1]!);
    write('empty/config.pbtxt', new Uint8Array());
    const reported: unknown[] = [];
    const plane = new DataPlane([], { shelf: await folderShelf(folder), report: (e) => void reported.push(e) });
    await plane.repository.look();
    expect([...plane.models()].sort()).toEqual(['deep', 'flat']);
    expect(plane.repository.versions('deep')).toEqual(['1', '2', '10']);
    expect(await Promise.all([factorOf(plane, 'flat'), factorOf(plane, 'deep'), factorOf(plane, 'deep', '1')])).toEqual([
      1, 2, 1,
    ]);
    write('flat.onnx', artifacts[3]!);
    await plane.repository.look();
    expect(await factorOf(plane, 'flat')).toBe(3);
    write('flat.onnx', new Uint8Array(10));
    await plane.repository.look();
    expect([await factorOf(plane, 'flat'), reported.length]).toEqual([3, 1]);
    write('flat.onnx', artifacts[4]!);
    write('deep/11/1.onnx', artifacts[4]!);
    rmSync(join(folder, 'deep/1'), { recursive: true });
    await plane.repository.look();
    expect([await factorOf(plane, 'flat'), await factorOf(plane, 'deep')]).toEqual([4, 4]);
    expect((await failure(plane.compute('deep', x(), { version: '1' }))).code).toBe('model-not-found');
    rmSync(join(folder, 'flat.onnx'));
    await plane.repository.look();
    expect(plane.models()).toEqual(['deep']);
    await plane.release();
    await expect(folderShelf(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
