// Versions, aliases, gates: what the registry promises, on a real store and real blobs.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dense, exportGraph, graphInput, input, ops, sequential, sgd, tensor } from '@stratus/core';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type GateResult, registry } from '../src/registry/index.ts';
import { isReference, parseReference } from '../src/registry/reference.ts';
import { rollbackTarget } from '../src/registry/rollback-target.ts';
import { openWorkspace, type Workspace } from '../src/workspace/index.ts';
import { withExternalData } from './external-data.ts';
import { failure } from './store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-registry-'));
const workspaces: Workspace[] = [];
let count = 0;
afterAll(async () => {
  for (const workspace of workspaces) await workspace.close();
  rmSync(folder, { recursive: true, force: true });
});

async function fresh(): Promise<Workspace> {
  const workspace = await openWorkspace({ store: join(folder, `w${++count}`, 'store.db'), actor: 'ann' });
  workspaces.push(workspace);
  return workspace;
}

/** A model of one product; `by` tells one from another. */
function plain(by: number, { name = 'x', size = 2 } = {}): Uint8Array {
  const x = graphInput(name, ['batch', size], 'float32');
  return exportGraph({ name: 'plain', inputs: [x], outputs: { y: ops.mul(x, by) } });
}

let trained = '';
beforeAll(async () => {
  const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 2, activation: 'softmax', name: 'side' })]);
  net.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await net.fit(
    tensor([
      [1, 0],
      [0, 1],
    ]),
    tensor([0, 1], { dtype: 'int32' }),
    { epochs: 1, verbose: 0 },
  );
  trained = join(folder, 'side.onnx');
  await net.save(trained);
  await net.release();
});

const blobFile = (workspace: Workspace, digest: string): string =>
  join(workspace.blobs.address, 'sha256', digest.slice(7, 9), digest.slice(7));

it('registers what a file says about itself, and gives back the same bytes', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  await workspace.store.runs.create({ key: 'maker', data: { rows: 2 }, code: { commit: 'abc' } });
  const version = await models.register('side', trained, { run: 'maker', metrics: { holdout: 0.75 }, notes: 'first' });
  expect(version).toMatchObject({
    model: 'side',
    number: 1,
    run: 'maker',
    data: { rows: 2 },
    code: { commit: 'abc' },
    notes: 'first',
    createdBy: 'ann',
    signature: {
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
      outputs: [{ dtype: 'float32', shape: ['batch', 2] }],
    },
    metrics: { holdout: 0.75, loss: expect.any(Number), accuracy: expect.any(Number) },
  });
  expect((await models.register('side', trained)).data).toMatchObject({ fingerprint: expect.any(String) });
  const { bytes, externalData } = await models.load('models:side:1');
  expect(Buffer.from(bytes).equals(readFileSync(trained))).toBe(true);
  expect(externalData).toEqual({});
});

it('refuses what is no model, and names with characters of paths', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  const text = join(folder, 'text.onnx');
  writeFileSync(text, 'this is no model');
  expect((await failure(models.register('net', text))).code).toBe('not-onnx');
  const damaged = readFileSync(trained);
  damaged[damaged.length >> 1]! ^= 1;
  expect(['not-onnx', 'corrupt']).toContain((await failure(models.register('net', damaged))).code);
  expect((await failure(models.register('net', join(folder, 'gone.onnx')))).code).toBe('file-not-found');
  for (const name of ['../net', 'a/b', '..', 'a\\b', '', 'a@b', 'a:1'])
    expect((await failure(models.register(name, plain(1)))).code, name).toBe('bad-value');
  expect((await failure(models.register('net', plain(1), { run: 'nobody' }))).code).toBe('unknown-name');
  expect(await workspace.store.models.list()).toEqual([]);
});

it('refuses a blob that was damaged, at every load, and names it', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  const { digest } = await models.register('net', plain(1));
  await models.promote('net:1', 'production');
  await models.load('net@production');
  const file = blobFile(workspace, digest);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  for (const work of [
    () => models.load('net@production'),
    () => models.promote('net:1', 'staging'),
    () => models.export('net:1', join(folder, 'never.onnx')),
    () => models.export('net:1', join(folder, 'never')),
  ]) {
    const e = await failure(work());
    expect(e.code).toBe('corrupt');
    expect(e.message).toContain(digest);
  }
  expect(readdirSync(folder).filter((name) => name.includes('never'))).toEqual([]);
  rmSync(file);
  expect((await failure(models.load('net'))).message).toContain(digest);
});

it('says what is there when something is not', async () => {
  const models = registry(await fresh());
  await models.register('digits', plain(1));
  await models.promote('digits', 'production');
  const message = async (work: Promise<unknown>): Promise<string> => (await failure(work)).message;
  expect(await message(models.load('digit'))).toContain("Did you mean 'digits'?");
  expect(await message(models.load('digits:7'))).toContain('Known: 1.');
  expect(await message(models.load('digits@producton'))).toContain("Did you mean 'production'?");
  expect(await message(models.rollback('digits', 'staging'))).toContain('Known: production.');
  expect((await failure(models.load('../x'))).code).toBe('bad-value');
  expect((await failure(models.promote('digits:1', '7'))).code).toBe('bad-value');
});

it('reads names of versions', () => {
  expect(parseReference('digits')).toEqual({ model: 'digits', version: undefined });
  expect(parseReference('models:digits:3')).toEqual({ model: 'digits', version: '3' });
  expect(parseReference('digits@production')).toEqual({ model: 'digits', version: 'production' });
  for (const text of ['model.onnx', 'digits', './a@b', 'a/b:3', 'C:\\x', 'https://a@b', 'digits@', 'digits:x', ':3'])
    expect(isReference(text), text).toBe(false);
});

it('goes back to what was before, one decision at a time', async () => {
  const models = registry(await fresh());
  for (const by of [1, 2, 3]) {
    await models.register('net', plain(by));
    await models.promote(`net:${by}`, 'production', { reason: `number ${by}` });
  }
  expect(await models.rollback('net', '@production', { reason: 'worse' })).toMatchObject({
    version: 2,
    previous: 3,
    kind: 'rollback',
  });
  expect((await models.rollback('net', 'production')).version).toBe(1);
  const e = await failure(models.rollback('net', 'production'));
  expect(e.code).toBe('conflict');
  expect((await models.version('net@production')).number).toBe(1);
  await models.promote('net:3', 'production');
  expect((await models.rollback('net', 'production')).version).toBe(1);
});

it('going back undoes exactly the decisions that were not undone', () => {
  // The model: a stack of decisions; going back takes the newest away.
  const actions = fc.array(fc.oneof({ weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }) }, fc.constant('back' as const)), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(actions, (list) => {
      const moves: { kind: string; version: number | undefined }[] = [];
      const stack: number[] = [];
      for (const action of list) {
        if (action !== 'back') {
          moves.push({ kind: 'move', version: action });
          if (stack.at(-1) !== action) stack.push(action);
          continue;
        }
        const target = rollbackTarget(moves);
        expect(target).toBe(stack.at(-2));
        if (target === undefined) continue;
        stack.pop();
        moves.push({ kind: 'rollback', version: target });
      }
    }),
  );
  const moves = [1, 2, undefined].map((version) => ({ kind: 'move', version }));
  expect(rollbackTarget(moves)).toBe(2); // what was taken away comes back
});

it('asks gates before an alias moves, and keeps what they said', async () => {
  const workspace = await fresh();
  const accuracies: Record<string, number> = { 'net:1': 0.9, 'net:2': 0.895, 'net:3': 0.8 };
  const asked: string[] = [];
  const models = registry(workspace, {
    evaluate: async (bytes, { data, name }) => {
      expect(bytes.length).toBeGreaterThan(10);
      asked.push(`${name} on ${data}`);
      return { accuracy: accuracies[name], confusion: [[1]] };
    },
  });
  await models.register('net', plain(1));
  await models.register('net', plain(2));
  await models.register('net', plain(3, { name: 'z' }));
  await models.gate('net', 'production', {
    metric: { name: 'accuracy', data: 'eval.csv', by: 0.01 },
    latencyMs: 10_000,
    maxBytes: 1_000_000,
    signatureCompatible: true,
  });
  expect((await models.promote('net:1', 'production')).gates.map(({ passed }) => passed)).toEqual([true, true, true, true]);
  expect(asked).toEqual(['net:1 on eval.csv']);
  expect((await models.promote('net:2', 'production')).gates[0]).toEqual({
    gate: 'accuracy on eval.csv',
    passed: true,
    got: '0.8950',
    want: 'at least 0.8900; net:1 has 0.9000',
  });
  const seen: GateResult[] = [];
  const e = await failure(models.promote('net:3', 'production', { onGate: (result) => seen.push(result) }));
  expect(e.code).toBe('conflict');
  expect(e.message).toContain('accuracy on eval.csv: 0.8000');
  expect(e.message).toContain("it asks for the input 'z'");
  expect(seen.map(({ passed }) => passed)).toEqual([false, true, true, false]);
  expect((await models.version('net@production')).number).toBe(2);
  expect((await failure(models.promote('net:3', 'production', { force: true }))).message).toContain('a reason');
  expect(await models.promote('net:3', 'production', { force: true, reason: 'a trial' })).toMatchObject({ forced: true });
  const [last, ...before] = await workspace.store.aliases.history('net', 'production');
  expect(last).toMatchObject({
    version: 3,
    reason: 'a trial',
    gates: { forced: true, results: seen.map(({ gate }) => ({ gate })) },
  });
  expect(before).toMatchObject([{ gates: { forced: false } }, { gates: { forced: false } }]);
  await models.gate('net', 'production', {});
  expect((await models.promote('net:1', 'production')).gates).toEqual([]);
});

it('passes no gate that could not be asked, and refuses rules that mean nothing', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  await models.register('net', plain(1));
  await models.gate('net', 'production', { metric: { name: 'accuracy', data: 'eval.csv' }, maxBytes: 10 });
  const e = await failure(models.promote('net', 'production'));
  expect(e.message).toMatch(/accuracy on eval\.csv: it could not be checked: .+[^.]; size: \d/);
  expect(e.message).toContain('size: ');
  expect((await workspace.store.models.get('net')).aliases).toEqual({});
  for (const rules of [
    { maxBytes: 0 },
    { latencyMs: Number.NaN },
    { metric: { name: 'a', data: '' } },
    { metric: { name: 'a', data: 'b', by: -1 } },
    { metric: { name: 'a', data: 'b', worse: 'red' } },
    { metric: null },
    { signatureCompatible: 'no' },
  ])
    expect((await failure(models.gate('net', 'production', rules as never))).code, JSON.stringify(rules)).toBe('bad-value');
  expect((await failure(models.gate('net', 'production', { latency: 5 } as never))).message).toContain(
    "Did you mean 'latencyMs'?",
  );
});

it('lets one of two promotions win', async () => {
  const workspace = await fresh();
  let entered = 0;
  let open = (): void => {};
  const both = new Promise<void>((resolve) => void (open = resolve));
  const models = registry(workspace, {
    evaluate: async () => {
      if (++entered === 2) open();
      await both; // both have seen what the alias had
      return { accuracy: 1 };
    },
  });
  for (const by of [1, 2]) await models.register('net', plain(by));
  await models.gate('net', 'production', { metric: { name: 'accuracy', data: 'eval' } });
  const tries = await Promise.allSettled([models.promote('net:1', 'production'), models.promote('net:2', 'production')]);
  expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((tries.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason).toMatchObject({ code: 'conflict' });
});

it('keeps a model and the files that it names together', async () => {
  const dir = mkdtempSync(join(folder, 'big-'));
  const file = withExternalData(dir);
  const workspace = await fresh();
  const models = registry(workspace);
  const version = await models.register('big', file);
  expect((await models.register('big', file)).digest).toBe(version.digest); // the same files are the same blob
  const { bytes, externalData } = await models.load('big:1');
  expect(Buffer.from(bytes).equals(readFileSync(file))).toBe(true);
  expect(Buffer.from(externalData['big.data']!).equals(readFileSync(join(dir, 'big.data')))).toBe(true);
  const [model, data] = await models.export('big:1', join(folder, 'out.onnx'));
  expect([model, data]).toEqual([join(folder, 'out.onnx'), join(folder, 'big.data')]);
  expect(readFileSync(data!).equals(readFileSync(join(dir, 'big.data')))).toBe(true);
  const other = registry(await fresh());
  await models.export('big:1', join(folder, 'big.tar'));
  expect((await other.import(join(folder, 'big.tar'))).digest).toBe(version.digest);
  rmSync(join(dir, 'big.data'));
  expect((await failure(models.register('big', file))).message).toContain('big.data');
});

it('imports archives that were packed by others, in any order, and none that is cut off or says something else', async () => {
  const dir = mkdtempSync(join(folder, 'packed-'));
  const models = registry(await fresh());
  const { digest } = await models.register('big', withExternalData(dir));
  const names = ['version.json', 'model.onnx', 'big.data'];
  await models.export('big', join(dir, 'files'));
  const bytesOf = (name: string): Uint8Array => readFileSync(join(dir, 'files', name));
  const { packTar } = await import('modern-tar');
  const file = join(dir, 'other.tar');
  // Extended headers before each file, as other programs write them, and the files the other way round.
  const entry = (name: string) => ({
    header: { name, size: bytesOf(name).length, pax: { comment: 'x'.repeat(600) } },
    body: bytesOf(name),
  });
  const whole = await packTar(names.toReversed().map(entry));
  writeFileSync(file, whole);
  expect((await models.import(file, { name: 'other' })).digest).toBe(digest);
  // Wherever it is cut, but for zeros at its end.
  for (const at of [0, 100, 512, 1500, 2048, Math.floor(whole.length / 2), whole.length - 2048]) {
    writeFileSync(file, whole.subarray(0, at));
    expect((await failure(models.import(file))).code, String(at)).toBe('corrupt');
  }
  for (const missing of names) {
    writeFileSync(file, await packTar(names.filter((name) => name !== missing).map(entry)));
    expect((await failure(models.import(file))).code, missing).toBe('corrupt');
  }
  const changed = whole.slice();
  const at = Buffer.from(changed).indexOf(bytesOf('big.data')) + bytesOf('big.data').length - 1;
  changed[at]! ^= 1;
  writeFileSync(file, changed);
  expect((await failure(models.import(file))).code).toBe('corrupt');
  expect((await models.version('other')).number).toBe(1);
});

it('exports and imports versions with what is known of them', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  await workspace.store.runs.create({ key: 'maker', data: { rows: 2 }, code: { commit: 'abc' } });
  const { digest } = await models.register('side', trained, { run: 'maker', metrics: { holdout: 0.75 }, notes: 'first' });
  expect(await models.export('side', join(folder, 'side-1'))).toEqual(
    ['version.json', 'model.onnx'].map((name) => join(folder, 'side-1', name)),
  );
  await models.export('side', join(folder, 'side-1.tar'));
  await models.export('side', join(folder, 'copy.onnx'));
  await models.export('side', join(folder, 'copy.onnx')); // a file may be replaced
  expect(readFileSync(join(folder, 'copy.onnx')).equals(readFileSync(trained))).toBe(true);
  expect((await failure(models.export('side', join(folder, 'side-1')))).code).toBe('conflict');
  const target = await fresh();
  const there = registry(target);
  for (const [i, work] of [
    () => there.import(join(folder, 'side-1')),
    () => there.import(join(folder, 'side-1.tar'), { notes: 'theirs' }),
    () => there.importFrom(workspace, 'side:1'),
  ].entries()) {
    const version = await work();
    expect(version).toMatchObject({
      number: i + 1,
      digest,
      run: undefined,
      data: { rows: 2 },
      code: { commit: 'abc' },
      metrics: { holdout: 0.75 },
    });
    expect(version.notes).toMatch(/first\nImported from side:1 of .*, registered .* by ann, made by the run maker\./);
    expect((await there.load(`side:${version.number}`)).bytes.length).toBe(version.bytes);
  }
  expect((await there.importFrom(workspace, 'side', { name: 'theirs' })).model).toBe('theirs');
});

it('imports nothing that was changed, or that is something else', async () => {
  const models = registry(await fresh());
  await models.register('net', plain(1));
  const [about, model] = await models.export('net', join(folder, 'changed'));
  writeFileSync(model!, plain(2));
  expect((await failure(models.import(join(folder, 'changed')))).code).toBe('corrupt');
  writeFileSync(model!, plain(1));
  for (const text of ['{', '{}', readFileSync(about!, 'utf8').replace('"format": 1', '"format": 2')]) {
    writeFileSync(about!, text);
    expect((await failure(models.import(join(folder, 'changed')))).code).toBe('corrupt');
  }
  expect((await failure(models.import(trained))).code).toBe('corrupt');
  expect((await failure(models.import(join(folder, 'nothing')))).code).toBe('file-not-found');
  const { packTar } = await import('modern-tar');
  const evil = join(folder, 'evil.tar');
  for (const name of ['../escaped', '/tmp/escaped', 'a/../../escaped']) {
    writeFileSync(evil, await packTar([{ header: { name, size: 1 }, body: 'x' }]));
    expect((await failure(models.import(evil))).code, name).toBe('corrupt');
  }
  expect(existsSync(join(tmpdir(), 'escaped'))).toBe(false);
  expect((await models.version('net')).number).toBe(1);
});

it('clears up what nothing names, and says before what would go', async () => {
  const workspace = await fresh();
  const models = registry(workspace);
  const { digest } = await models.register('net', plain(1));
  const left = await workspace.blobs.put(new TextEncoder().encode('left'));
  const dry = { aside: [left.digest], removed: [], restored: [] };
  await expect.poll(() => models.sweep({ dryRun: true, graceMs: 1 })).toEqual(dry);
  expect(await models.sweep({ dryRun: true, graceMs: 1 })).toEqual(dry);
  expect(await models.sweep()).toEqual({ aside: [], removed: [], restored: [] }); // younger than a day
  expect(await models.sweep({ graceMs: 1 })).toEqual(dry);
  await expect
    .poll(() => models.sweep({ dryRun: true, graceMs: 1 }))
    .toEqual({ aside: [], removed: [left.digest], restored: [] });
  expect(await models.sweep({ graceMs: 1 })).toEqual({ aside: [], removed: [left.digest], restored: [] });
  expect((await models.load('net')).version.digest).toBe(digest);
});

it('moves no alias of a traffic rule to a version that the clients of the others cannot use, unless forced', async () => {
  const workspace = await fresh();
  const { store } = workspace;
  const models = registry(workspace);
  for (const bytes of [plain(1), plain(2), plain(3, { name: 'other' })]) await models.register('net', bytes);
  await models.promote('net:1', 'production');
  const routes = [
    { version: '@production', weight: 95 },
    { version: '2', weight: 5 },
  ];
  await store.traffic.append('net', { rule: { model: 'net', routes } });
  const refused = await failure(models.promote('net:3', 'production'));
  expect(refused).toMatchObject({ code: 'conflict' });
  expect(refused.message).toMatch(
    /Version 3 of the model 'net' cannot have the alias 'production' while the traffic rule 1 holds: .*it asks for the input 'x', which clients do not give\./,
  );
  expect(refused.message).toContain('stratus traffic net --end');
  expect((await store.models.get('net')).aliases).toEqual({ production: 1 });
  await models.promote('net:2', 'production'); // clients can use that
  await models.promote('net:3', 'staging'); // the rule does not name it
  await models.promote('net:3', 'production', { force: true, reason: 'all clients were changed' });
  await store.traffic.append('net', { rule: null });
  await models.promote('net:1', 'production');
  expect((await store.models.get('net')).aliases).toEqual({ production: 1, staging: 3 });
});
