// Runs that are recorded in this process: what is stored, what happens when the store fails, and that nothing of it stops a script.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import Sqlite from 'libsql';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentRun, dense, input, type Model, openStore, openWorkspace, sequential, sgd, startRun } from '../src/index.ts';
import { type Entry, entryOf, lineOf } from '../src/tracking/entry.ts';
import { Journal } from '../src/tracking/journal.ts';
import { LogText } from '../src/tracking/log-text.ts';
import { Outbox } from '../src/tracking/outbox.ts';
import { recover } from '../src/tracking/recover.ts';
import { stateOf } from '../src/tracking/run-state.ts';
import { failure } from './store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-tracking-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let place = '';
let count = 0;
beforeEach(() => {
  place = join(folder, `place-${++count}`);
  mkdirSync(place);
});
const before = process.cwd();
afterEach(() => process.chdir(before));

const perceptron = (): Model =>
  sequential([input({ shape: [2] }), dense({ units: 1 })]).compile({
    optimizer: sgd({ learningRate: 0.05 }),
    loss: 'meanSquaredError',
  });
const [x, y] = [
  [
    [0, 1],
    [1, 0],
  ],
  [[1], [0]],
];

describe('a run', () => {
  it('holds what a training declares and what it finds', async () => {
    process.chdir(place);
    process.env['STRATUS_PARAMS'] = '{"width": 3, "name": "a"}';
    const run = await startRun({ name: 'first', tags: { team: 'a' } });
    delete process.env['STRATUS_PARAMS'];
    expect(currentRun()?.key).toBe(run.key);
    expect(run.params()).toEqual({ width: 3, name: 'a' });
    const model = perceptron();
    await model.fit(x, y, { epochs: 4, batchSize: 1, verbose: 0 });
    await model.save('model.onnx');
    run.log({ score: 0.5 });
    run.log({ score: Number.NaN });
    run.log({ score: 0.75 }, 10);
    run.tag('team', null);
    run.tag('kept', 'yes');
    run.note('one');
    run.note('two');
    await run.artifact('notes.txt', 'hello');
    console.log('printed');
    process.stderr.write('\u001b[31mred\u001b[0m\n');
    await run.finish();
    expect(currentRun()).toBeUndefined();

    const { store, blobs, close } = await openWorkspace();
    const [found] = await store.runs.list();
    expect(found).toMatchObject({
      key: run.key,
      name: 'first',
      status: 'finished',
      tags: { kept: 'yes' },
      notes: 'one\ntwo',
      seed: 0,
      data: { samples: 2, fingerprint: expect.stringMatching(/^sha256:/) as string },
      params: {
        width: 3,
        name: 'a',
        epochs: 4,
        batchSize: 1,
        optimizer: 'sgd',
        'optimizer.learningRate': 0.05,
        loss: 'meanSquaredError',
      },
      environment: {
        node: process.versions.node,
        process: process.pid,
        engine: expect.stringContaining('ONNX Runtime') as string,
      },
    });
    expect((await store.metrics.history(run.key, 'step/loss')).map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await store.metrics.history(run.key, 'loss')).map(({ step }) => step)).toEqual([2, 4, 6, 8]);
    expect((await store.metrics.history(run.key, 'score')).map(({ step, value }) => [step, value])).toEqual([
      [0, 0.5],
      [1, Number.NaN],
      [10, 0.75],
    ]);
    const artifacts = await store.artifacts.list(run.key);
    expect(artifacts.map(({ path }) => path)).toEqual(expect.arrayContaining(['model.onnx', 'notes.txt']));
    const notes = artifacts.find(({ path }) => path === 'notes.txt')!;
    expect(new TextDecoder().decode(await blobs.read(notes.digest))).toBe('hello');
    expect((await blobs.stat(artifacts.find(({ path }) => path === 'model.onnx')!.digest))?.bytes).toBe(
      statSync('model.onnx').size,
    );
    const printed = await store.logs.read(run.key);
    expect(
      printed
        .filter(({ stream }) => stream === 'stderr')
        .map(({ text }) => text)
        .join(''),
    ).toContain('red\n');
    expect(printed.map(({ text }) => text).join('')).not.toContain('\u001b');
    await close();
  });

  it('is one for each training: later ones are within the first', async () => {
    process.chdir(place);
    const run = await startRun();
    for (const epochs of [1, 2, 3]) await perceptron().fit(x, y, { epochs, verbose: 0 });
    const fold = run.child({ name: 'fold' });
    await perceptron().fit(x, y, { epochs: 4, verbose: 0 });
    await fold.finish('failed', new Error('no good'));
    await run.finish();
    const { store, close } = await openWorkspace();
    const all = await store.runs.list({ sort: { by: 'created', order: 'ascending' } });
    expect(all.map(({ parent, params, status }) => [parent, params['epochs'], status])).toEqual([
      [undefined, 1, 'finished'],
      [run.key, 2, 'finished'],
      [run.key, 3, 'finished'],
      [run.key, 4, 'failed'],
    ]);
    expect(all[3]!.error).toContain('no good');
    await close();
  });

  it('goes on with the key that it is given, and keeps the parameters it began with', async () => {
    process.chdir(place);
    for (const epochs of [1, 2]) {
      const run = await startRun({ key: 'mine' });
      await perceptron().fit(x, y, { epochs, batchSize: 2, verbose: 0 });
      await run.finish(epochs === 1 ? 'preempted' : 'finished');
    }
    const { store, close } = await openWorkspace();
    const found = await store.runs.get('mine');
    expect(found).toMatchObject({ status: 'finished', params: { epochs: 1 }, tags: { 'resumed with epochs': '2' } });
    expect((await store.metrics.history('mine', 'loss')).map(({ step }) => step)).toEqual([1, 1, 2]);
    await close();
  });

  it('has the end of its learning rate also where the process was gone before it could say it', async () => {
    process.chdir(place);
    for (const more of [{}, { resume: 'saved' }]) {
      const run = await startRun({ key: 'mine' });
      await perceptron().fit(x, y, { epochs: 2, batchSize: 1, checkpoint: 'saved', verbose: 0, ...more }); // the second one has nothing left to do
      await run.finish();
    }
    const { store, close } = await openWorkspace();
    const points = await store.metrics.history('mine', 'step/learningRate');
    expect(points.map(({ step, value }) => [step, value])).toEqual([
      [1, 0.05],
      [4, 0.05],
      [4, 0.05],
    ]);
    await close();
  });

  it('refuses what cannot be kept at once', async () => {
    process.chdir(place);
    const run = await startRun();
    expect(() => run.log({ loss: '1' as unknown as number })).toThrow(/want|number/);
    expect(() => run.log({ loss: 1 }, -1)).toThrow(/whole number/);
    expect(() => run.log({ 'a\nb': 1 })).toThrow(/one line/);
    expect(() => run.params({ a: Number.NaN })).toThrow(/finite/);
    // What the store would refuse is refused where it is said: later it would take all of the run along.
    for (const half of ['\ud800', 'a\0']) {
      expect(() => run.params({ a: half })).toThrow(/surrogate/);
      expect(() => run.tag('a', half)).toThrow(/surrogate/);
      expect(() => run.note(half)).toThrow(/surrogate/);
      for (const said of [{ name: half }, { notes: half }, { tags: { [half]: 'a' } }, { params: { [half]: 1 } }])
        expect(() => run.child(said)).toThrow(/surrogate|one line/);
    }
    run.params({ a: 'kept' });
    expect((await failure(run.artifact('nowhere.txt'))).code).toBe('file-not-found');
    await run.finish('failed', 'half \ud800 and \0');
    const { store, close } = await openWorkspace();
    expect((await store.runs.list()).map(({ status, error, params }) => [status, error, params])).toEqual([
      ['failed', 'half \ufffd and \ufffd', { a: 'kept' }],
    ]);
    await close();
    expect((await failure(startRun({ tags: { a: '\ud800' } }))).message).toContain('surrogate');
    expect(currentRun()).toBeUndefined();
    process.env['STRATUS_PARAMS'] = '[1]';
    expect((await failure(startRun())).message).toContain('STRATUS_PARAMS');
    delete process.env['STRATUS_PARAMS'];
  });
});

describe('a store that fails', () => {
  it('stops no training, and gets everything when it is back', async () => {
    const file = join(place, 'store.db');
    const said: string[] = [];
    let isAway = true;
    const open = () => (isAway ? Promise.reject(new Error('away')) : openWorkspace({ store: file }));
    const outbox = new Outbox({
      open,
      warn: (text) => void said.push(text),
      journal: () => new Journal(join(place, 'run-a.jsonl')),
    });
    const add = (from: number, to: number) => {
      for (let step = from; step < to; step++)
        outbox.point('a', { name: 'loss', step, value: step === 7 ? Number.POSITIVE_INFINITY : step, at: new Date() });
    };
    outbox.add({ op: 'open', run: 'a', as: {} });
    add(0, 10);
    await outbox.secure(); // a checkpoint is about to be written
    expect(readdirSync(place)).toContain('run-a.jsonl');
    add(10, 20);
    await outbox.secure();
    expect(await outbox.deliver()).toBe(false);
    isAway = false;
    add(20, 30);
    expect(await outbox.deliver()).toBe(true);
    expect(said).toEqual([expect.stringContaining('away'), expect.stringContaining('answers again')]);
    expect(existsSync(join(place, 'run-a.jsonl'))).toBe(false);
    expect(await outbox.close()).toBeUndefined();
    const store = await openStore(file);
    const points = await store.metrics.history('a', 'loss');
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i));
    expect(points[7]!.value).toBe(Number.POSITIVE_INFINITY);
    await store.close();
  });

  it('leaves a file that can be stored later, and what was stored before counts once', async () => {
    const file = join(place, 'store.db');
    const journal = join(place, 'run-a.jsonl');
    const outbox = new Outbox({
      open: () => Promise.reject(new Error('away')),
      warn: () => {},
      journal: () => new Journal(journal),
    });
    outbox.add({ op: 'open', run: 'a', as: { name: 'late' } });
    for (let step = 0; step < 5; step++) outbox.point('a', { name: 'loss', step, value: step, at: new Date() });
    outbox.add({ op: 'artifact', run: 'a', path: 'bytes', from: { bytes: Uint8Array.of(1, 2, 255) } });
    outbox.add({ op: 'change', run: 'a', change: { params: { wrong: {} as never } } });
    outbox.add({ op: 'finish', run: 'a', status: 'failed', error: 'x' });
    expect(await outbox.close(50)).toEqual({ points: 5, others: 4, file: journal, reason: 'away' });

    const workspace = await openWorkspace({ store: file });
    const text = [...(await lines(journal))].map(lineOf).join('');
    for (let i = 0; i < 2; i++) {
      writeFileSync(journal, `${text}{"op":"points","run":"a","wri`); // cut off
      const found = await recover(workspace, journal);
      expect(found).toMatchObject({ runs: ['a'], points: 5 });
      expect(found.refused).toHaveLength(1);
      expect(existsSync(journal)).toBe(false);
    }
    expect(await workspace.store.runs.get('a')).toMatchObject({ name: 'late', status: 'failed', error: 'x' });
    expect((await workspace.store.metrics.history('a', 'loss')).length).toBe(5);
    const [artifact] = await workspace.store.artifacts.list('a');
    expect(await workspace.blobs.read(artifact!.digest)).toEqual(Uint8Array.of(1, 2, 255));
    await workspace.close();
  });

  it('costs no more memory than so much', async () => {
    const journal = join(place, 'many.jsonl');
    const outbox = new Outbox({
      open: () => Promise.reject(new Error('away')),
      warn: () => {},
      journal: () => new Journal(journal),
    });
    for (let step = 0; step < 250_000; step++) {
      outbox.point('a', { name: 'loss', step, value: step, at: new Date() });
      if (step % 10_000 === 0) await outbox.deliver();
    }
    const left = await outbox.close(50);
    expect(left).toMatchObject({ points: 250_000, file: journal });
    const steps = (await lines(journal)).flatMap((entry) => (entry.op === 'points' ? entry.points.map(({ step }) => step) : []));
    expect(steps).toEqual(Array.from({ length: 250_000 }, (_, i) => i));
  });

  it('loses no point whose delivery was said to have failed though it took place', async () => {
    const file = join(place, 'store.db');
    const workspace = await openWorkspace({ store: file });
    let calls = 0;
    const breaking = {
      ...workspace,
      store: {
        ...workspace.store,
        metrics: {
          ...workspace.store.metrics,
          append: async (...args: Parameters<typeof workspace.store.metrics.append>) => {
            await workspace.store.metrics.append(...args);
            if (++calls % 2 === 1) throw new Error('the connection broke after the commit');
          },
        },
      },
    };
    const outbox = new Outbox({ open: async () => breaking, warn: () => {}, journal: () => new Journal(join(place, 'j')) });
    outbox.add({ op: 'open', run: 'a', as: {} });
    for (let step = 0; step < 40; step++) {
      outbox.point('a', { name: 'loss', step, value: step, at: new Date() });
      if (step % 7 === 0) await outbox.deliver();
    }
    while (!(await outbox.deliver()));
    expect((await workspace.store.metrics.history('a', 'loss')).map(({ step }) => step)).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    );
    await outbox.close();
  });
});

const lines = async (file: string): Promise<Entry[]> => {
  const found: Entry[] = [];
  for await (const { entry } of new Journal(file).waiting()) if (entry) found.push(entry);
  return found;
};

describe('what is printed', () => {
  const whole = (log: LogText): string => [...log.take(), ...log.end()].map(({ text }) => text).join('');

  it('is kept as it was, where there is room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('stdout' as const, 'stderr' as const), fc.stringMatching(/^[a-z \n]{0,30}$/))),
        (parts) => {
          const log = new LogText({ head: 10_000, tail: 10 });
          const found: string[] = [];
          for (const [stream, text] of parts) {
            log.add(stream, text);
            found.push(
              ...log
                .take()
                .filter((piece) => piece.stream === 'stdout')
                .map((piece) => piece.text),
            );
          }
          found.push(
            ...log
              .end()
              .filter((piece) => piece.stream === 'stdout')
              .map((piece) => piece.text),
          );
          expect(found.join('')).toBe(
            parts
              .filter(([stream]) => stream === 'stdout')
              .map(([, text]) => text)
              .join(''),
          );
        },
      ),
    );
  });

  it('keeps beginning and end of what is too much, and says how much is missing', () => {
    const log = new LogText({ head: 20, tail: 30 });
    const text = Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join('');
    for (let at = 0; at < text.length; at += 7) log.add('stdout', text.slice(at, at + 7));
    expect(whole(log)).toBe(`${text.slice(0, 20)}\n[${text.length - 50} characters were left out here]\n${text.slice(-30)}`);
  });

  it('takes little memory for a script that prints a gigabyte', () => {
    const log = new LogText();
    const line = `${'x'.repeat(999)}\n`;
    const start = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1_000_000; i++) log.add('stdout', line);
    expect(process.memoryUsage().heapUsed - start).toBeLessThan(100_000_000);
    const kept = log.end();
    expect(kept.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThan(2_100_000);
    for (const { text } of kept) expect(text.length).toBeLessThanOrEqual(100_000);
  });

  it('is what a reader of the terminal has in the end', () => {
    const log = new LogText();
    log.add('stderr', '\u001b[2K\u001b[1G10 %\r50 %\r');
    log.add('stderr', '100 %\u001b[32m done\u001b[39m\r\nnext\n');
    expect(whole(log)).toBe('100 % done\nnext\n');
  });
});

it('an entry comes back from its line as it was', () => {
  const points = [
    { name: 'a', step: 1, value: Number.NaN, at: new Date(5) },
    { name: 'b', step: 2, value: Number.NEGATIVE_INFINITY, at: new Date(6) },
  ];
  for (const entry of [
    { op: 'points', run: 'r', writer: 'w', sequence: 3, points },
    { op: 'artifact', run: 'r', path: 'p', from: { bytes: Uint8Array.of(0, 200) } },
    { op: 'finish', run: 'r', status: 'stopped' },
  ] as const satisfies Entry[])
    expect(entryOf(lineOf(entry))).toEqual(entry);
  expect(entryOf('{"op":"poi')).toBeUndefined();
});

it('a run whose process is gone is lost, at once on this machine and after a silence on others', async () => {
  const store = await openStore(join(place, 'store.db'));
  const run = await store.runs.create({ environment: { host: 'elsewhere', process: 1 } });
  expect(stateOf(run)).toBe('running');
  expect(stateOf({ ...run, isSilent: true })).toBe('lost');
  const { hostname } = await import('node:os');
  expect(stateOf({ ...run, environment: { host: hostname(), process: process.pid } })).toBe('running');
  expect(stateOf({ ...run, environment: { host: hostname(), process: 2 ** 22 + 1 } })).toBe('lost');
  expect(stateOf({ ...run, status: 'stopped', environment: { host: hostname(), process: 2 ** 22 + 1 } })).toBe('stopped');
  await store.close();
});

it('a busy database is waited for while training goes on', async () => {
  process.chdir(place);
  const run = await startRun();
  await run.flush();
  const other = new Sqlite(join(place, '.stratus/store.db'));
  other.exec('BEGIN IMMEDIATE');
  await perceptron().fit(x, y, { epochs: 50, verbose: 0 });
  other.exec('COMMIT');
  other.close();
  await run.finish();
  const { store, close } = await openWorkspace();
  expect((await store.runs.get(run.key)).metrics['loss']?.points).toBe(50);
  await close();
});
