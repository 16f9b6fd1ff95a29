import { afterEach, beforeEach, expect, it } from 'vitest';
import { openStore, type Store, type StoreOptions } from '../src/store/index.ts';
import { failure } from './store-contract.ts';

const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;

/** What experiments, labels, folders and logged models promise, on any database. */
export function experimentsContract(options: () => StoreOptions & { readonly address: string }): void {
  let store: Store;
  let project = 0;
  beforeEach(async () => {
    const { address, ...rest } = options();
    store = await openStore(address, { ...rest, project: `experiments-${process.pid}-${++project}` });
  });
  afterEach(() => store.close());

  it('numbers experiments without gaps, many at once, each name once', async () => {
    const made = await Promise.all(Array.from({ length: 20 }, (_, i) => store.experiments.create(`e${i}`)));
    expect(made.map((e) => e.number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect((await failure(store.experiments.create('e3'))).code).toBe('conflict');
    expect((await failure(store.experiments.create('Default'))).code).toBe('conflict');
    expect((await store.experiments.create('e20')).number).toBe(21);
    expect((await failure(store.experiments.get(99))).code).toBe('unknown-name');
  });

  it('has experiment 0 before anybody made one', async () => {
    expect((await store.experiments.list()).map(({ number, name }) => [number, name])).toEqual([[0, 'Default']]);
    await store.runs.create({ key: 'native' });
    const [placed] = await store.experiments.runs({ experiments: [0] });
    expect(placed).toMatchObject({ experiment: 0, isDeleted: false, flow: {}, run: { key: 'native' } });
    expect((await store.experiments.change(0, { name: 'All', tags: { a: '1' } })).name).toBe('All');
    expect((await store.experiments.change(0, { tags: { a: null, b: '2' } })).tags).toEqual({ b: '2' });
  });

  it('sorts, deletes and restores runs and experiments', async () => {
    const { number } = await store.experiments.create('e');
    for (const [i, key] of ['a', 'b', 'c'].entries()) {
      await store.runs.create({
        key,
        experiment: number,
        startedAt: new Date(3000 - i),
        params: { p: `${i}`, n: i },
        tags: { t: 'Zé'[i] ?? 'ß' },
      });
      if (i < 2) await store.metrics.append(key, [{ name: 'm', step: 0, value: i, at: new Date(77 + i) }]);
    }
    const keys = async (scan: Parameters<Store['experiments']['runs']>[0]) =>
      (await store.experiments.runs({ experiments: [number], ...scan })).map(({ run }) => run.key);
    expect(await keys({})).toEqual(['a', 'b', 'c']);
    expect(await keys({ sort: [{ by: 'started', order: 'ascending' }] })).toEqual(['c', 'b', 'a']);
    expect(await keys({ sort: [{ metric: 'm', order: 'descending' }] })).toEqual(['b', 'a', 'c']);
    expect(await keys({ sort: [{ param: 'n', order: 'descending' }] })).toEqual(['c', 'b', 'a']);
    expect(await keys({ sort: [{ tag: 't', order: 'ascending' }] })).toEqual(['a', 'c', 'b']);
    expect((await store.experiments.runs({ keys: ['b'] }))[0]).toMatchObject({
      metricTimes: { m: 78 },
      startedAt: new Date(2999),
    });
    await store.experiments.changeRun('a', { isDeleted: true, endedAt: new Date(5) });
    expect(await keys({})).toEqual(['b', 'c']);
    expect(await keys({ deleted: 'only' })).toEqual(['a']);
    await store.experiments.change(number, { isDeleted: true });
    expect(await keys({})).toEqual([]);
    expect(await keys({ deleted: 'with' })).toEqual(['a', 'b', 'c']);
    expect((await failure(store.runs.create({ experiment: number }))).code).toBe('conflict');
    expect((await failure(store.runs.create({ experiment: 7 }))).code).toBe('unknown-name');
    await store.experiments.change(number, { isDeleted: false });
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.experiments.changeRun('c', { flow: (old) => ({ datasets: [...(old.datasets ?? []), i] }) }),
      ),
    );
    expect((await store.experiments.runs({ keys: ['c'] }))[0]!.flow.datasets?.length).toBe(20); // nobody's change is lost
    await store.runs.remove('c');
    expect(await keys({})).toEqual(['b']);
  });

  it('labels models and versions, which stay as they are', async () => {
    await store.models.create('net', 'what it is');
    expect((await failure(store.models.create('net'))).code).toBe('conflict');
    const made = await store.models.register('net', { digest: digest(1), bytes: 1 });
    expect(made.number).toBe(1);
    await Promise.all(Array.from({ length: 10 }, (_, i) => store.labels.change('net', 1, { tags: { [`t${i}`]: 'x' } })));
    const label = await store.labels.change('net', 1, { tags: { t0: null }, facts: { source: 's' }, isDeleted: true });
    expect(Object.keys(label.tags).length).toBe(9);
    expect(label).toMatchObject({ facts: { source: 's' }, isDeleted: true });
    expect(await store.models.version('net', 1)).toEqual(made);
    expect((await failure(store.labels.change('net', 2, {}))).code).toBe('unknown-name');
    await store.models.create('taken');
    expect((await failure(store.models.rename('net', 'taken'))).code).toBe('conflict');
    await store.models.rename('net', 'web');
    expect((await store.labels.list()).map(({ model, number }) => [model, number])).toEqual([['web', 1]]);
    expect((await store.models.register('web', { digest: digest(2), bytes: 1 })).number).toBe(2);
  });

  it('keeps the blobs of folders and logged models', async () => {
    await store.folders.put('f', [
      { path: 'a/b', digest: digest(3), bytes: 1 },
      { path: 'a%', digest: digest(4), bytes: 2 },
    ]);
    await store.folders.put('f', [{ path: 'a/b', digest: digest(5), bytes: 3 }]);
    expect([...(await store.references())]).toEqual(expect.arrayContaining([digest(4), digest(5)]));
    expect(await store.folders.remove('f', 'a')).toBe(1);
    expect((await store.folders.list('f')).map(({ path }) => path)).toEqual(['a%']);
    await store.loggedModels.create({ key: 'm-1', experiment: 0, facts: { n: 0 } });
    const add = () => store.loggedModels.change('m-1', ({ n }) => ({ n: (n as number) + 1 }));
    await Promise.all(Array.from({ length: 10 }, add));
    expect((await store.loggedModels.get('m-1')).facts).toEqual({ n: 10 });
    await store.loggedModels.change('m-1', (facts) => facts, true);
    expect(await store.loggedModels.list([0])).toEqual([]);
    expect((await failure(store.loggedModels.get('m-2'))).code).toBe('unknown-name');
    expect((await failure(store.loggedModels.create({ key: 'm-3', experiment: 5, facts: {} }))).code).toBe('unknown-name');
  });
}
