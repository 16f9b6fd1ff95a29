// What every store promises, whatever holds it.
import { StratusError } from '@stratus/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type MetricPoint, openStore, type Store, type StoreOptions } from '../src/store/index.ts';

export interface StorePlace {
  readonly address: string;
  readonly options?: StoreOptions;
  /** Runs a statement as another program would. */
  execute(statement: string): Promise<void>;
  /** Whether the database knows REPLACE. */
  readonly replaces: boolean;
}

export const failure = async (work: Promise<unknown>): Promise<StratusError> => {
  try {
    await work;
  } catch (e) {
    if (StratusError.is(e)) return e;
    throw e;
  }
  throw new Error('expected an error');
};

export const digest = (n: number): string => `sha256:${n.toString(16).padStart(64, '0')}`;

const blob = { digest: digest(1), bytes: 10 };

/** One store for all; every test has a project of its own. */
export function storeContract(place: () => StorePlace): void {
  let root: Store;
  let count = 0;
  beforeAll(async () => {
    const { address, options } = place();
    root = await openStore(address, { ...options, actor: 'ann' });
  });
  afterAll(() => root?.close());
  const fresh = (): Promise<Store> => root.inProject(`project-${++count}`);

  it('keeps a run as it was given', async () => {
    const { runs } = await fresh();
    const parent = await runs.create({ key: 'sweep.1', name: 'A sweep' });
    const made = await runs.create({
      parent: 'sweep.1',
      params: { learningRate: 1e-7, layers: 3, name: 'Zürich "quoted"', isBig: true, nothing: null },
      tags: { team: 'vision' },
      notes: 'line 1\nline 2',
      code: { commit: 'abc', changes: ['a.ts'] },
      data: { rows: 10 },
      environment: { node: '20' },
      seed: 2 ** 53 - 1,
    });
    const found = await runs.get(made.key);
    expect(found).toEqual(made);
    expect(found).toMatchObject({
      name: made.key,
      parent: 'sweep.1',
      status: 'running',
      params: { learningRate: 1e-7, layers: 3, name: 'Zürich "quoted"', isBig: true, nothing: null },
      tags: { team: 'vision' },
      code: { commit: 'abc', changes: ['a.ts'] },
      seed: 2 ** 53 - 1,
      metrics: {},
    });
    expect(found.createdAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
    expect(parent.parent).toBeUndefined();
  });

  it('changes what may change, and no parameter', async () => {
    const { runs } = await fresh();
    await runs.create({ key: 'a', params: { x: 1 }, tags: { old: 'o', keep: 'k' } });
    const changed = await runs.change('a', { params: { x: 1, y: 2 }, tags: { old: null, fresh: 'f' }, notes: 'n', name: 'B' });
    expect(changed).toMatchObject({ params: { x: 1, y: 2 }, tags: { keep: 'k', fresh: 'f' }, notes: 'n', name: 'B' });
    expect(changed.tags).not.toHaveProperty('old');
    const e = await failure(runs.change('a', { params: { x: 2 } }));
    expect(e.code).toBe('conflict');
    expect(e.message).toContain("'x'");
    expect((await runs.get('a')).params).toEqual({ x: 1, y: 2 });
    await runs.finish('a', 'failed', 'out of memory');
    expect(await runs.get('a')).toMatchObject({ status: 'failed', error: 'out of memory', finishedAt: expect.any(Date) });
    await runs.seen('a');
    expect(await runs.get('a')).toMatchObject({ status: 'running', error: undefined, finishedAt: undefined });
    await runs.finish('a', 'stopped');
    expect((await failure(runs.change('a', {}, { where: { keep: 'other' }, isRunning: true }))).code).toBe('conflict');
    expect((await runs.get('a')).status).toBe('stopped');
    const again = await runs.change('a', { tags: { keep: 'mine' } }, { where: { keep: 'k' }, isRunning: true });
    expect(again).toMatchObject({ status: 'running', finishedAt: undefined, tags: { keep: 'mine' } });
  });

  it('finds runs by what they are, sorted by metrics', async () => {
    const { runs, metrics } = await fresh();
    const losses = [0.5, Number.NaN, 0.25, 0.5, undefined];
    for (const [i, loss] of losses.entries()) {
      await runs.create({
        key: `r${i}`,
        name: 'one',
        params: { rate: i / 10, kind: i % 2 ? 'b' : 'a', deep: i > 2 },
        tags: { i: `${i}` },
      });
      if (loss !== undefined)
        await metrics.append(`r${i}`, [
          { name: 'loss', step: 0, value: 9 - i },
          { name: 'loss', step: 1, value: loss },
        ]);
    }
    await runs.finish('r3', 'finished');
    const keys = async (query: Parameters<typeof runs.list>[0]) => (await runs.list(query)).map(({ key }) => key);
    expect(await keys({})).toEqual(['r4', 'r3', 'r2', 'r1', 'r0']);
    expect(await keys({ sort: { metric: 'loss' } })).toEqual(['r2', 'r0', 'r3', 'r1', 'r4']);
    expect(await keys({ sort: { metric: 'loss', order: 'descending' } })).toEqual(['r3', 'r0', 'r2', 'r4', 'r1']);
    expect(await keys({ sort: { metric: 'loss', of: 'max' }, limit: 2, skip: 1 })).toEqual(['r2', 'r1']);
    expect(await keys({ sort: { param: 'rate', order: 'descending' }, limit: 2 })).toEqual(['r4', 'r3']);
    expect(await keys({ metrics: [{ name: 'loss', is: '<=', than: 0.5 }], sort: { by: 'name', order: 'ascending' } })).toEqual([
      'r0',
      'r2',
      'r3',
    ]);
    expect(await keys({ metrics: [{ name: 'loss', is: '>', than: 7, of: 'max' }] })).toEqual(['r1', 'r0']);
    expect(await keys({ params: { rate: 0.2 } })).toEqual(['r2']);
    expect(await keys({ params: { kind: 'a', deep: true } })).toEqual(['r4']);
    expect(await keys({ params: { kind: "a' or '1'='1" } })).toEqual([]);
    expect(await keys({ tags: { i: '3' } })).toEqual(['r3']);
    expect(await keys({ status: ['finished', 'failed'] })).toEqual(['r3']);
    expect(await keys({ keys: [] })).toEqual([]);
    expect((await runs.get('r1')).metrics['loss']).toEqual({
      name: 'loss',
      points: 2,
      last: { step: 1, value: Number.NaN },
      min: { step: 0, value: 8 },
      max: { step: 0, value: 8 },
    });
    expect((await failure(runs.list({ sort: { metric: 'loss', of: 'mean' as 'min' } }))).message).toContain(
      'Known: last, min, max',
    );
    expect((await failure(runs.list({ limit: -1 }))).code).toBe('bad-value');
  });

  it('finds runs by their parent', async () => {
    const { runs } = await fresh();
    await runs.create({ key: 'sweep' });
    for (const key of ['t1', 't2']) await runs.create({ key, parent: 'sweep' });
    expect((await runs.list({ parent: 'sweep' })).map(({ key }) => key)).toEqual(['t2', 't1']);
    expect((await runs.list({ parent: null })).map(({ key }) => key)).toEqual(['sweep']);
    const e = await failure(runs.remove('sweep'));
    expect(e.code).toBe('conflict');
    expect(e.message).toContain("parent of the run 't1'");
  });

  it('keeps every point, however they came, in the order in which they came', async () => {
    const { runs, metrics } = await fresh();
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 900 })), {
      minLength: 1,
      maxLength: 12,
    });
    const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0));
    await fc.assert(
      fc.asyncProperty(sizes, fc.array(value, { minLength: 1, maxLength: 20 }), async (parts, values) => {
        const { key } = await runs.create();
        let n = 0;
        for (const size of parts) {
          const points = Array.from({ length: size }, (_, i) => ({
            name: 'x',
            step: n + i,
            value: values[(n + i) % values.length]!,
            at: new Date(n + i),
          }));
          await metrics.append(key, points);
          n += size;
        }
        const found = await metrics.history(key, 'x', { limit: 1e6 });
        expect(found.length).toBe(n);
        found.forEach((point, i) => {
          if (point.step !== i || point.at !== i || !Object.is(point.value, values[i % values.length]))
            throw new Error(`point ${i} is ${JSON.stringify(point)}`);
        });
        const skip = Math.floor(n / 3);
        expect(await metrics.history(key, 'x', { skip, limit: 7 })).toEqual(found.slice(skip, skip + 7));
        const [summary] = await metrics.summaries(key);
        const real = found.map((p) => p.value).filter((v) => !Number.isNaN(v));
        expect(summary!.points).toBe(n);
        expect(summary!.last.step).toBe(n - 1);
        expect(summary!.min && summary!.min.value + 0).toBe(real.length ? 0 + real.reduce((a, b) => Math.min(a, b)) : undefined);
        expect(summary!.max && summary!.max.value + 0).toBe(real.length ? 0 + real.reduce((a, b) => Math.max(a, b)) : undefined);
      }),
      { numRuns: 6 },
    );
  });

  it('draws a long curve from few points, the extremes among them', async () => {
    const { runs, metrics } = await fresh();
    const { key } = await runs.create();
    const total = 90_000;
    for (let from = 0; from < total; from += 30_000)
      await metrics.append(
        key,
        Array.from({ length: 30_000 }, (_, i) => ({ name: 'loss', step: from + i, value: Math.sin((from + i) / 999) })),
      );
    await metrics.append(key, [
      { name: 'loss', step: total, value: 50 },
      { name: 'loss', step: total + 1, value: -50 },
      { name: 'loss', step: total + 2, value: 0.125 },
    ]);
    const curve = await metrics.curve(key, 'loss', { points: 300 });
    expect(curve.length).toBeLessThanOrEqual(300);
    expect(curve.length).toBeGreaterThan(250);
    expect(curve[0]).toMatchObject({ step: 0, value: 0 });
    expect(curve.at(-1)).toMatchObject({ step: total + 2, value: 0.125 });
    expect(curve.map((p) => p.value)).toEqual(expect.arrayContaining([50, -50]));
    for (const { step, value } of curve.slice(1, -3)) expect(value).toBe(Math.sin(step / 999));
    expect(curve.every((p, i) => i === 0 || curve[i - 1]!.step < p.step)).toBe(true);
  });

  it('takes the later point of a step that was logged again', async () => {
    const { runs, metrics } = await fresh();
    const { key } = await runs.create();
    const points = (from: number, to: number, value: number): MetricPoint[] =>
      Array.from({ length: to - from }, (_, i) => ({ name: 'x', step: from + i, value }));
    await metrics.append(key, points(0, 10, 1));
    await metrics.append(key, points(5, 12, 2));
    expect((await metrics.curve(key, 'x')).map((p) => p.value)).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2]);
    expect((await metrics.history(key, 'x')).length).toBe(17);
  });

  it('counts a call that is made again once, by writer and run', async () => {
    const { runs, metrics } = await fresh();
    for (const key of ['a', 'b']) await runs.create({ key });
    const point = (value: number) => [{ name: 'loss', step: value, value }];
    const values = async (key: string) => (await metrics.history(key, 'loss')).map(({ value }) => value);
    for (const [value, sequence] of [
      [1, 1],
      [1, 1], // again
      [2, 5],
      [3, 4], // overtaken
      [4, 6],
    ] as const)
      await metrics.append('a', point(value), { writer: 'w', sequence });
    await metrics.append('a', point(5), { writer: 'other', sequence: 1 });
    await metrics.append('b', point(6), { writer: 'w', sequence: 1 });
    await metrics.append('a', point(7));
    expect(await values('a')).toEqual([1, 2, 4, 5, 7]);
    expect(await values('b')).toEqual([6]);
    const many = Array.from({ length: 5 }, () => metrics.append('a', point(8), { writer: 'w', sequence: 7 }));
    await Promise.all(many);
    expect(await values('a')).toEqual([1, 2, 4, 5, 7, 8]);
    for (const once of [
      { writer: '', sequence: 1 },
      { writer: 'w', sequence: 0.5 },
    ])
      expect((await failure(metrics.append('a', point(9), once))).code).toBe('bad-value');
    // What a call adds that fails counts as little as its number.
    expect(
      (await failure(metrics.append('a', [...point(9), { name: '', step: 0, value: 0 }], { writer: 'w', sequence: 8 }))).code,
    ).toBe('bad-value');
    await metrics.append('a', point(9), { writer: 'w', sequence: 8 });
    expect((await values('a')).at(-1)).toBe(9);
    await runs.remove('a');
  });

  it('adds all points of a call or none', async () => {
    const { runs, metrics } = await fresh();
    await runs.create({ key: 'a' });
    const good = { name: 'x', step: 0, value: 1 };
    for (const bad of [
      { ...good, step: -1 },
      { ...good, step: 0.5 },
      { ...good, name: '' },
      { ...good, name: 'a\nb' },
      { ...good, value: '1' as never },
    ])
      expect((await failure(metrics.append('a', [good, bad]))).code).toBe('bad-value');
    expect(await metrics.summaries('a')).toEqual([]);
    await metrics.append('a', []);
    const many = Array.from({ length: 450 }, (_, i) => ({ name: `m${String(i).padStart(3, '0')}`, step: 0, value: i }));
    await metrics.append('a', many);
    await metrics.append('a', many);
    expect((await metrics.summaries('a')).map((s) => [s.name, s.points])).toEqual(many.map(({ name }) => [name, 2]));
  });

  it('says what is there when something is not', async () => {
    const { runs, metrics, models, aliases } = await fresh();
    await runs.create({ key: 'mnist-1', name: 'Digits' });
    await metrics.append('mnist-1', [{ name: 'loss', step: 0, value: 1 }]);
    await models.register('digits', blob);
    await aliases.move('digits', 'production', 1);
    const said = async (work: Promise<unknown>, text: string): Promise<void> => {
      const e = await failure(work);
      expect(e.code).toBe('unknown-name');
      expect(e.message).toContain(text);
    };
    await said(runs.get('mnist-2'), "Did you mean 'mnist-1'?");
    await said(runs.get('Digits'), 'That is the name of mnist-1');
    await said(metrics.append('mnist1', [{ name: 'x', step: 0, value: 0 }]), "Did you mean 'mnist-1'?");
    await said(metrics.curve('mnist-1', 'los'), "Did you mean 'loss'?");
    await said(runs.create({ parent: 'nist-1' }), "Did you mean 'mnist-1'?");
    await said(models.version('digit', 1), "Did you mean 'digits'?");
    await said(models.version('digits', 2), 'Known: 1');
    await said(models.version('digits', '@prodution'), "Did you mean 'production'?");
    await said(models.register('digits', { ...blob, run: 'x' }), 'Known: mnist-1');
    await said(aliases.move('digits', 'staging', 7), 'Known: 1');
    await said(aliases.history('digits', 'stagin'), 'Known: production');
    await said(runs.remove('x'), 'no run');
    expect((await models.get('digits')).versions).toBe(1);
  });

  it('refuses names with characters of paths, and texts that a database cannot hold', async () => {
    const { runs, models, aliases, artifacts } = await fresh();
    await models.register('digits', blob);
    await runs.create({ key: 'a' });
    for (const name of ['../x', 'a/b', '', '.hidden', 'a b', 'x'.repeat(129), 'é', 'a\0'])
      for (const work of [
        runs.create({ key: name }),
        models.register(name, blob),
        aliases.move('digits', name, 1),
        root.inProject(name),
      ])
        expect((await failure(work)).code).toBe('bad-value');
    for (const name of ['7', 'latest', '@']) expect((await failure(aliases.move('digits', name, 1))).code).toBe('bad-value');
    for (const wrong of ['sha256:', 'md5:00', digest(1).toUpperCase()])
      expect((await failure(models.register('digits', { digest: wrong, bytes: 1 }))).code).toBe('bad-value');
    expect((await failure(runs.change('a', { notes: 'a\0b' }))).code).toBe('bad-value');
    expect((await failure(runs.change('a', { params: { x: Number.NaN } }))).code).toBe('bad-value');
    // Half of a surrogate pair: JSON with it could be written, and would break every later list that looks at parameters or tags.
    for (const half of ['\ud800', 'a\udfff', '\udc00\ud800']) {
      const wrong = [
        { params: { x: half } },
        { params: { [half]: 1 } },
        { tags: { x: half } },
        { tags: { [half]: 'x' } },
        { name: half },
        { notes: half },
      ];
      for (const change of wrong)
        for (const work of [() => runs.change('a', change), () => runs.create(change)]) {
          const { code, message } = await failure(work());
          expect(code).toBe('bad-value');
          expect(message).toMatch(/surrogate|on one line/);
        }
      for (const change of [{ environment: { deep: [{ x: half }] } }, { code: { [half]: 1 } }])
        expect((await failure(runs.change('a', change))).message).toContain('surrogate');
    }
    // A whole pair, and what only looks like an escape, are texts as any other.
    const whole = { pair: '\u{1f600}', written: String.raw`\ud800 \u0000` };
    await runs.change('a', { params: whole, tags: whole, environment: whole });
    expect((await runs.list({ params: whole, tags: whole, sort: { param: 'pair' } })).map(({ params }) => params)).toEqual([
      whole,
    ]);
    expect((await runs.get('a')).environment).toEqual(whole);
    expect((await failure(models.register('digits', { ...blob, metrics: { x: Number.NaN } }))).code).toBe('bad-value');
    expect((await failure(artifacts.put('a', { path: 'a\nb', ...blob }))).code).toBe('bad-value');
    expect((await models.get('digits')).versions).toBe(1);
  });

  it('counts versions from 1, without gaps, when a hundred come at once', async () => {
    const { models } = await fresh();
    const made = await Promise.all(
      Array.from({ length: 100 }, (_, i) => models.register('net', { digest: digest(i), bytes: i })),
    );
    expect(made.map((v) => v.number).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    const stored = await models.versions('net');
    for (const { number, digest: its } of made) expect(stored.find((v) => v.number === number)?.digest).toBe(its);
    expect((await models.versions('net', { limit: 3 })).map((v) => v.number)).toEqual([100, 99, 98]);
    expect((await models.version('net', 'latest')).number).toBe(100);
  });

  it('keeps what a version came from', async () => {
    const { runs, models } = await fresh();
    await runs.create({ key: 'a', data: { rows: 3 }, code: { commit: 'c' } });
    const made = await models.register('net', {
      ...blob,
      run: 'a',
      metrics: { accuracy: 0.5 },
      signature: { inputs: [] },
      notes: 'n',
      by: 'bob',
    });
    expect(made).toMatchObject({
      model: 'net',
      number: 1,
      run: 'a',
      data: { rows: 3 },
      code: { commit: 'c' },
      createdBy: 'bob',
      metrics: { accuracy: 0.5 },
    });
    expect(await models.version('net', '1')).toEqual(made);
    const e = await failure(runs.remove('a'));
    expect(e.message).toContain("version 1 of the model 'net'");
    await models.describe('net', 'what it is for');
    expect(await models.list()).toEqual([
      { name: 'net', notes: 'what it is for', versions: 1, aliases: {}, createdAt: expect.any(Date) },
    ]);
  });

  it('remembers who moved an alias when and why', async () => {
    const { models, aliases } = await fresh();
    for (let i = 1; i <= 3; i++) await models.register('net', { digest: digest(i), bytes: i });
    const before = new Date(Date.now() - 1000);
    await aliases.move('net', '@production', 1, { reason: 'first' });
    await aliases.move('net', 'production', 2, { by: 'bob', expect: 1 });
    await aliases.move('net', 'staging', 'latest');
    const e = await failure(aliases.move('net', 'production', 3, { expect: 1 }));
    expect(e.code).toBe('conflict');
    expect(e.message).toContain('has version 2, not version 1');
    expect((await failure(aliases.move('net', 'canary', 3, { expect: 1 }))).code).toBe('conflict');
    expect((await models.version('net', '@production')).number).toBe(2);
    expect((await models.version('net', 2)).aliases).toEqual(['production']);
    expect((await models.get('net')).aliases).toEqual({ production: 2, staging: 3 });
    await aliases.remove('net', 'production', { reason: 'recalled' });
    expect((await failure(models.version('net', '@production'))).code).toBe('unknown-name');
    expect((await failure(aliases.remove('net', 'production'))).code).toBe('unknown-name');
    expect(await aliases.history('net', 'production')).toMatchObject([
      { number: 3, version: undefined, previous: 2, by: 'ann', reason: 'recalled' },
      { number: 2, version: 2, previous: 1, by: 'bob', reason: '' },
      { number: 1, version: 1, previous: undefined, by: 'ann', reason: 'first' },
    ]);
    expect((await aliases.history('net')).length).toBe(4);
    expect(await aliases.at('net', 'production', before)).toBeUndefined();
    expect(await aliases.at('net', 'staging', new Date())).toBe(3);
  });

  it('keeps how an alias came to move, and what versions have to pass', async () => {
    const { models, aliases, gates } = await fresh();
    for (let i = 1; i <= 2; i++) await models.register('net', { digest: digest(i), bytes: i });
    expect(await gates.history('net', 'production')).toEqual([]);
    await gates.declare('net', '@production', { maxBytes: 10 });
    await Promise.all(Array.from({ length: 5 }, (_, i) => gates.declare('net', 'production', { maxBytes: i }, { by: 'bob' })));
    const declared = await gates.history('net', 'production');
    expect(declared.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(declared.at(-1)).toMatchObject({ rules: { maxBytes: 10 }, by: 'ann' });
    const checked = [{ gate: 'size', passed: true }];
    expect(await aliases.move('net', 'production', 2, { gates: checked })).toMatchObject({ kind: 'move', gates: checked });
    await aliases.move('net', 'production', 1, { kind: 'rollback' });
    expect(await aliases.history('net', 'production')).toMatchObject([
      { kind: 'rollback', gates: undefined },
      { kind: 'move', gates: checked },
    ]);
    expect((await failure(aliases.move('net', 'production', 1, { kind: 'undo' as 'move' }))).code).toBe('unknown-name');
    expect((await failure(gates.declare('nett', 'production', {}))).message).toContain("Did you mean 'net'?");
  });

  it('keeps traffic rules and who changed them', async () => {
    const { models, traffic } = await fresh();
    await models.register('net', blob);
    await models.register('other', blob);
    expect(await traffic.numbers()).toEqual(new Map());
    const rule = { model: 'net', routes: [{ version: '1', weight: 1 }] };
    expect(await traffic.append('net', { rule, by: 'ann', why: 'a try' })).toMatchObject({ number: 1, kind: 'set', rule });
    const more = Array.from({ length: 5 }, () => traffic.append('net', { rule: null, kind: 'rollback' }));
    expect((await Promise.all(more)).map(({ number }) => number).sort()).toEqual([2, 3, 4, 5, 6]);
    const history = await traffic.history('net');
    expect(history.map(({ number }) => number)).toEqual([6, 5, 4, 3, 2, 1]);
    expect([history[0], history[5]]).toMatchObject([
      { kind: 'rollback', rule: null, why: '' },
      { model: 'net', kind: 'set', rule, by: 'ann', why: 'a try' },
    ]);
    expect(await traffic.numbers()).toEqual(new Map([['net', 6]]));
    expect(await traffic.history('other')).toEqual([]);
    expect((await failure(traffic.append('nett', { rule }))).message).toContain("Did you mean 'net'?");
  });

  it('has labels wait for the server that takes them, the newest of each model', async () => {
    const { models, passedLabels } = await fresh();
    await models.register('net', blob);
    await models.register('other', blob);
    await passedLabels.leave('net', [
      { requestId: 'r1', label: 'owl' },
      { requestId: 'r2', label: [1, null, { a: 2 }] },
    ]);
    await passedLabels.leave('other', [{ requestId: 'r1', label: 3 }]);
    const waiting = await passedLabels.waiting(0);
    expect(waiting).toMatchObject([
      { model: 'net', requestId: 'r1', label: 'owl' },
      { model: 'net', requestId: 'r2', label: [1, null, { a: 2 }] },
      { model: 'other', requestId: 'r1', label: 3 },
    ]);
    expect((await passedLabels.waiting(waiting[0]!.id)).map(({ id }) => id)).toEqual([waiting[1]!.id, waiting[2]!.id]);
    await passedLabels.taken([waiting[1]!.id]);
    expect((await passedLabels.waiting(0)).map(({ model }) => model)).toEqual(['net', 'other']);
    expect((await failure(passedLabels.leave('nett', []))).message).toContain("Did you mean 'net'?");
    expect((await failure(passedLabels.leave('net', [{ requestId: 'a\0', label: 1 }]))).code).toBe('bad-value');
    expect((await failure(passedLabels.leave('net', [{ requestId: 'a', label: undefined }]))).code).toBe('bad-value');
    await passedLabels.leave('net', Array.from({ length: 10_001 }, (_, i) => ({ requestId: `n${i}`, label: i }))); // biome-ignore format: one line
    const kept = await passedLabels.waiting(0);
    expect(kept.length).toBe(1000); // at a time
    expect([kept[0]!.model, kept[1]!.requestId]).toEqual(['other', 'n1']);
  });

  it('refuses changes of versions and histories, also from other programs', async () => {
    const { address, project, models, aliases, gates, runs, traffic } = await fresh();
    expect(address).toBe(root.address);
    await runs.create({ key: 'maker' });
    await runs.create({ key: 'other' });
    await models.register('net', { ...blob, run: 'maker' });
    await aliases.move('net', 'production', 1);
    await gates.declare('net', 'production', {});
    await traffic.append('net', { rule: {} });
    const tables = ['versions', 'alias_moves', 'gates', 'traffic_changes'];
    const ofProject = `model_id IN (SELECT models.id FROM models JOIN projects ON projects.id = project_id WHERE projects.name = '${project}')`;
    for (const table of tables)
      for (const statement of [
        `UPDATE ${table} SET number = number + 1 WHERE ${ofProject}`,
        `DELETE FROM ${table} WHERE ${ofProject}`,
        ...(place().replaces
          ? [`INSERT OR REPLACE INTO ${table} SELECT * FROM ${table} WHERE ${ofProject}`]
          : [`TRUNCATE ${table} CASCADE`]),
      ])
        await expect(place().execute(statement), statement).rejects.toThrow(`rows of ${table} are only ever added`);
    expect((await models.version('net', 1)).digest).toBe(blob.digest);
    await runs.remove('other'); // runs go as ever
    await place().execute(`UPDATE projects SET removed_at = 1 WHERE name = '${project}'`);
    for (const table of ['alias_moves', 'gates', 'traffic_changes', 'aliases', 'versions'])
      await place().execute(`DELETE FROM ${table} WHERE ${ofProject}`);
    expect(await models.versions('net')).toEqual([]);
  });

  it('moves an alias for one of many who expect the same', async () => {
    const { models, aliases } = await fresh();
    for (let i = 1; i <= 20; i++) await models.register('net', { digest: digest(i), bytes: i });
    await aliases.move('net', 'production', 1);
    const tries = await Promise.allSettled(
      Array.from({ length: 19 }, (_, i) => aliases.move('net', 'production', i + 2, { expect: 1 })),
    );
    expect(tries.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    const history = await aliases.history('net', 'production');
    expect(history.map(({ number }) => number)).toEqual([2, 1]);
    expect((await models.get('net')).aliases['production']).toBe(history[0]!.version);
  });

  it('keeps projects apart', async () => {
    const [one, other] = [await fresh(), await fresh()];
    await one.runs.create({ key: 'secret' });
    await one.models.register('net', blob);
    expect(await other.runs.list()).toEqual([]);
    expect(await other.models.list()).toEqual([]);
    expect((await failure(other.runs.get('secret'))).message).not.toContain('Did you mean');
    expect((await failure(other.models.register('mine', { ...blob, run: 'secret' }))).code).toBe('unknown-name');
    await other.runs.create({ key: 'secret' });
    await other.runs.remove('secret');
    expect((await one.runs.list()).length).toBe(1);
    expect(await root.projects()).toEqual(expect.arrayContaining([one.project, other.project, 'default']));
  });

  it('removes a run with all that is its own', async () => {
    const { runs, metrics, logs, artifacts } = await fresh();
    await runs.create({ key: 'a' });
    await metrics.append('a', [{ name: 'x', step: 0, value: 1 }]);
    await logs.append('a', 'stdout', 'hello\n');
    await artifacts.put('a', { path: 'm/model.onnx', digest: digest(7777), bytes: 3 });
    expect(await root.references()).toContain(digest(7777));
    await runs.remove('a');
    expect(await root.references()).not.toContain(digest(7777));
    await runs.create({ key: 'a' });
    expect(await metrics.summaries('a')).toEqual([]);
    expect(await logs.read('a')).toEqual([]);
    expect(await artifacts.list('a')).toEqual([]);
  });

  it('keeps logs in order, and artifacts by path', async () => {
    const { runs, logs, artifacts } = await fresh();
    await runs.create({ key: 'a' });
    for (const text of ['one\n', 'tw\0o ✓', '']) await logs.append('a', text.includes('✓') ? 'stderr' : 'stdout', text);
    const pieces = await logs.read('a');
    expect(pieces.map(({ stream, text }) => [stream, text])).toEqual([
      ['stdout', 'one\n'],
      ['stderr', 'tw\ufffdo ✓'],
      ['stdout', ''],
    ]);
    expect((await logs.read('a', { after: pieces[0]!.number, limit: 1 })).map(({ text }) => text)).toEqual(['tw\ufffdo ✓']);
    expect((await failure(logs.append('a', 'stdout', 'x'.repeat(1_000_001)))).code).toBe('bad-value');
    expect(await logs.last('a')).toBe(pieces.at(-1)!.number);
    await runs.create({ key: 'silent' });
    expect(await logs.last('silent')).toBe(0);
    for (const [path, n] of [
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ] as const)
      await artifacts.put('a', { path, digest: digest(n), bytes: n });
    expect((await artifacts.list('a')).map(({ path, bytes }) => [path, bytes])).toEqual([
      ['a', 2],
      ['b', 3],
    ]);
  });

  it('is opened by many at once, the first time too', async () => {
    const { address, options } = place();
    const more = { ...options, project: 'together' };
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(address, more)));
    await Promise.all(stores.map((store, i) => store.runs.create({ key: `r${i}` })));
    expect((await stores[0]!.runs.list()).length).toBe(6);
    await Promise.all(stores.map((store) => store.close()));
  });
}
