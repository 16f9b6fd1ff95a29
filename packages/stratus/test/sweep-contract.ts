// What a sweep promises, whatever database its store is in.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskBlobs } from '../src/blobs/index.ts';
import { asha, choice, grid, int, logUniform, random, tpe, uniform, when } from '../src/search/index.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { definitionOf } from '../src/sweeps/definition.ts';
import { listSweeps, readSweep, registerBest, sweep } from '../src/sweeps/index.ts';
import { identityOf } from '../src/sweeps/process.ts';
import { failure } from './store-contract.ts';

const child = fileURLToPath(new URL('sweep-child.mjs', import.meta.url));

/** `address`: of a store that nobody else uses. */
export function sweepContract(address: () => string): void {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-sweep-'));
  const blobs = diskBlobs(join(folder, 'blobs'));
  let store: Store;
  beforeAll(async () => {
    store = await openStore(address());
  }, 240_000);
  afterAll(async () => {
    await store?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const workspace = (): { store: Store; blobs: typeof blobs } => ({ store, blobs });

  describe('a sweep', () => {
    it('is a run with a run for each trial, and finds the best one', async () => {
      const result = await sweep({
        name: 'first',
        space: { x: uniform(-1, 1), optimizer: choice('adam', 'sgd'), momentum: when({ optimizer: 'sgd' }, uniform(0, 1)) },
        search: random(),
        trials: 8,
        seed: 3,
        workspace: workspace(),
        objective: ({ x, optimizer, momentum }) => x ** 2 + (optimizer === 'sgd' ? momentum! : 1),
      });
      expect(result.trials.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const values = result.trials.map(
        ({ parameters: { x, optimizer, momentum } }) => x ** 2 + (optimizer === 'sgd' ? momentum! : 1),
      );
      expect(result.trials.map(({ value }) => value)).toEqual(values);
      expect(result.best!.value).toBe(Math.min(...values));
      expect(result.stopped).toBe(false);
      const runs = await store.runs.list({ parent: result.key, sort: { metric: 'sweep/value' } });
      expect(runs.map(({ status }) => status)).toEqual(new Array(8).fill('finished'));
      expect(runs[0]!.key).toBe(result.best!.key);
      expect((await store.runs.get(result.key)).status).toBe('finished');
      const info = await readSweep(store, 'first');
      expect(info).toMatchObject({ key: result.key, status: 'finished', search: 'random', trials: 8, seed: 3 });
      expect(info.best!.parameters).toEqual(result.best!.parameters);
    });

    it('goes on past trials that fail, come out as NaN, or say nothing, and says what happened', async () => {
      const result = await sweep({
        name: 'bad',
        space: { kind: choice('good', 'throws', 'nan', 'infinite', 'silent', 'reports') },
        search: grid(),
        workspace: workspace(),
        metric: 'loss',
        async objective({ kind }, trial) {
          if (kind === 'throws') throw new Error('no memory left');
          if (kind === 'nan') return Number.NaN;
          if (kind === 'infinite') return Number.POSITIVE_INFINITY;
          if (kind === 'reports') await trial.report(1, 5);
          return kind === 'good' ? 1 : undefined;
        },
      });
      expect(
        Object.fromEntries(
          result.trials.map(({ parameters, status, value, error }) => [parameters.kind, error ?? `${status} ${value}`]),
        ),
      ).toEqual({
        good: 'finished 1',
        throws: 'no memory left',
        nan: 'The value is NaN.',
        infinite: 'The value is Infinity.',
        silent: "It ended without a single point of the metric 'loss'. Its metrics: none.",
        reports: 'finished 5',
      });
      expect(result.best!.parameters.kind).toBe('good');
      const runs = await store.runs.list({ parent: result.key, status: ['failed'] });
      expect(runs.length).toBe(4);
    });

    it('stops hopeless trials early: asha spends a fraction of the steps and keeps the best', async () => {
      let steps = 0;
      const result = await sweep({
        name: 'early',
        space: { floor: int(0, 1000) },
        search: random(),
        seed: 7,
        scheduler: asha(),
        goal: 'maximize',
        trials: 18,
        parallel: 3,
        workspace: workspace(),
        async objective({ floor }, trial) {
          for (let step = 1; step <= 9; step++) {
            steps++;
            await trial.report(step, floor - 1 / step);
          }
          return floor;
        },
      });
      expect(result.best!.parameters.floor).toBe(Math.max(...result.trials.map(({ parameters }) => parameters.floor)));
      expect(steps).toBeLessThan(0.6 * 18 * 9);
      const pruned = result.trials.filter(({ status }) => status === 'pruned');
      expect(pruned.length).toBeGreaterThan(5);
      // Only where trials are compared; after the ninth step, too, since a sweep does not know that it is the last one.
      expect(pruned.every(({ latest }) => [1, 3, 9].includes(latest!.step))).toBe(true);
      expect((await store.runs.get(pruned[0]!.key)).status).toBe('stopped');
    });

    it('runs as many at the same time as it may, and no more', async () => {
      let [now, most] = [0, 0];
      let together = (): void => {};
      const three = new Promise<void>((done) => {
        together = done;
      });
      await sweep({
        name: 'parallel',
        space: { x: uniform(0, 1) },
        trials: 9,
        parallel: 3,
        workspace: workspace(),
        async objective({ x }) {
          most = Math.max(most, ++now);
          if (now === 3) together();
          await three; // the first ones wait for each other
          await new Promise((done) => setTimeout(done, 20));
          now--;
          return x;
        },
      });
      expect(most).toBe(3);
    });

    it('stops by a signal, and goes on', async () => {
      const stop = new AbortController();
      const seen: string[] = [];
      const request = {
        name: 'stopped',
        space: { x: uniform(0, 1) },
        search: tpe({ startTrials: 2 }),
        trials: 6,
        workspace: workspace(),
        async objective({ x }: { readonly x: number }, trial: { readonly number: number; readonly signal: AbortSignal }) {
          seen.push(`${trial.number} ${x}`);
          if (trial.number === 3 && !stop.signal.aborted) stop.abort();
          trial.signal.throwIfAborted();
          return (x - 0.5) ** 2;
        },
      };
      const first = await sweep({ ...request, signal: stop.signal });
      expect(first.stopped).toBe(true);
      expect((await readSweep(store, 'stopped')).status).toBe('interrupted');
      const second = await sweep({ ...request, resume: true });
      expect(second.key).toBe(first.key);
      expect(second.trials.map(({ status }) => status)).toEqual(new Array(6).fill('finished'));
      expect(seen.map((line) => line.split(' ')[0])).toEqual(['1', '2', '3', '3', '4', '5', '6']);
      expect(seen[2]).toBe(seen[3]); // with the same parameters
      await expect(sweep({ ...request, resume: true, space: { x: uniform(0, 2) } as never })).rejects.toMatchObject({
        code: 'conflict',
      });
      await expect(sweep({ ...request, resume: 'stoped' })).rejects.toThrow("Did you mean 'stopped'?");
    });

    it('keeps a file of a trial, and the best one goes into the registry', async () => {
      await sweep({
        name: 'files',
        space: { x: int(1, 3) },
        search: grid(),
        metric: 'loss',
        workspace: workspace(),
        async objective({ x }, trial) {
          await trial.keep('model.onnx', new Uint8Array([x, x]));
          return (x - 2) ** 2;
        },
      });
      const version = await registerBest(workspace(), 'files', 'digits');
      expect(version).toMatchObject({ number: 1, bytes: 2, metrics: { loss: 0 } });
      expect([...(await blobs.read(version.digest))]).toEqual([2, 2]);
      expect((await store.runs.get(version.run!)).params).toEqual({ x: 2 });
      await expect(registerBest(workspace(), 'bad', 'digits')).rejects.toThrow('no model among its artifacts');
      await expect(registerBest(workspace(), 'files', 'digits', { artifact: 'model.onx' })).rejects.toThrow(
        "Did you mean 'model.onnx'?",
      );
    });

    it('is refused with a sentence', async () => {
      const objective = (): number => 0;
      const refused = (request: object): Promise<unknown> =>
        sweep({ objective, workspace: workspace(), space: { x: uniform(0, 1) }, ...request } as never);
      await expect(refused({ trials: 0 })).rejects.toThrow('trials = 0');
      await expect(refused({ goal: 'minimise' })).rejects.toThrow("Did you mean 'minimize'?");
      await expect(refused({ space: { x: 3 } })).rejects.toThrow('x = 3');
      await expect(refused({ parallel: 1.5 })).rejects.toThrow('parallel = 1.5');
      expect(() => definitionOf({ space: { x: { uniform: [0, 1] } }, trails: 4 })).toThrow("Did you mean 'trials'?");
      expect(() => definitionOf([])).toThrow('expected an object');
    });
  });

  /** What a sweep's process said; killed with -9 after so many lines. */
  function running(
    name: string,
    options: { trials: number; pauseMs?: number; resume?: boolean; killAfter?: number },
  ): Promise<string[]> {
    const { trials, pauseMs = 0, resume = false, killAfter = Number.POSITIVE_INFINITY } = options;
    return new Promise((done, reject) => {
      const process_ = spawn(process.execPath, [
        child,
        address(),
        join(folder, 'blobs'),
        name,
        String(trials),
        String(pauseMs),
        resume ? 'resume' : '',
      ]);
      let [text, errors] = ['', ''];
      process_.stderr.setEncoding('utf8').on('data', (piece: string) => (errors += piece));
      process_.stdout.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
        if (text.split('\n').length > killAfter) process_.kill('SIGKILL');
      });
      process_.on('close', (code) => {
        const lines = text.trim().split('\n').filter(Boolean);
        if (code !== 0 && killAfter === Number.POSITIVE_INFINITY) reject(new Error(errors));
        else done(lines);
      });
    });
  }

  it('killed with -9 twice and resumed, it is the sweep that was never killed', async () => {
    const trials = 6;
    const whole = await running('whole', { trials });
    const first = await running('killed', { trials, killAfter: 2, pauseMs: 30 });
    expect(first.length).toBeGreaterThanOrEqual(2);
    const interrupted = (await listSweeps(store)).find(({ name }) => name === 'killed')!;
    expect(interrupted.status).toBe('interrupted');
    const second = await running('killed', { trials, killAfter: 3, pauseMs: 30, resume: true });
    const third = await running('killed', { trials, resume: true });
    // Every trial was tried with the parameters of the sweep that nothing happened to: also those that TPE chose after.
    const tried = new Set([...first, ...second, ...third.slice(0, -1)]);
    expect([...tried].sort()).toEqual(whole.slice(0, -1).sort());
    expect(third.at(-1)).toBe(whole.at(-1));
    const [a, b] = [await readSweep(store, 'whole'), await readSweep(store, 'killed')];
    const plain = ({ trialRuns }: typeof a): unknown[] =>
      trialRuns.map(({ number, parameters, status, value, latest }) => ({ number, parameters, status, value, latest }));
    expect(plain(b)).toEqual(plain(a));
    expect(b.status).toBe('finished');
    expect(Math.max(...b.trialRuns.map(({ attempts }) => attempts))).toBeGreaterThan(1);
  }, 240_000);

  it('two processes never work on one sweep', async () => {
    let other: Promise<unknown> | undefined;
    const request = { name: 'held', space: { x: logUniform(0.1, 1) }, trials: 1, workspace: workspace() };
    await sweep({
      ...request,
      async objective() {
        other ??= sweep({ ...request, resume: true, objective: () => 1 }).catch((e: unknown) => e);
        await other;
        return 1;
      },
    });
    expect(await other).toMatchObject({ code: 'conflict', message: expect.stringContaining('is at work in another process') });
  });

  it('of many that take up an interrupted sweep at once one does, and the others are told', async () => {
    const begun: string[] = [];
    const stop = new AbortController();
    const request = {
      name: 'wanted',
      space: { x: uniform(0, 1) },
      trials: 6,
      seed: 5,
      async objective({ x }: { readonly x: number }, { number }: { readonly number: number }) {
        begun.push(`${number} ${x}`);
        if (number === 2) stop.abort();
        await new Promise((go) => setTimeout(go, 10));
        return x;
      },
    };
    await sweep({ ...request, workspace: workspace(), signal: stop.signal });
    expect((await readSweep(store, 'wanted')).status).toBe('interrupted');
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(address())));
    const ends = await Promise.allSettled(
      stores.map((own) => sweep({ ...request, workspace: { store: own, blobs }, resume: true })),
    );
    await Promise.all(stores.map((own) => own.close()));
    const refused = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []));
    expect(refused.map(({ message }) => /is at work in another process/.test(message))).toEqual(new Array(7).fill(true));
    // Which trial was under way when it was stopped may be tried again; none is tried by two at once, and none is left out.
    expect(new Set(begun).size).toBe(6);
    expect(begun.length).toBeLessThanOrEqual(7);
    expect(await readSweep(store, 'wanted')).toMatchObject({ status: 'finished', best: { status: 'finished' } });
  }, 120_000);

  it('ends where somebody else took it over, and leaves it to them', async () => {
    const request = { name: 'taken', space: { x: uniform(0, 1) }, trials: 2, workspace: workspace() };
    const { key } = await sweep({ ...request, objective: ({ x }) => x });
    const { tags } = await store.runs.get(key);
    const mine = tags['sweep.process']!;
    expect(mine.startsWith(identityOf(process.pid))).toBe(true);
    const change = (where: string | null) =>
      store.runs.change(key, { tags: { 'sweep.process': 'elsewhere 1 1' } }, { where: { 'sweep.process': where } });
    expect(await failure(change(null))).toMatchObject({ code: 'conflict' });
    expect(await failure(change('elsewhere 1 1'))).toMatchObject({ code: 'conflict' });
    expect((await change(mine)).tags['sweep.process']).toBe('elsewhere 1 1');
    await store.runs.seen(key);
    // One on another machine is believed as long as it is heard of, by the clock of the database.
    expect(await failure(sweep({ ...request, objective: () => 1, resume: true }))).toMatchObject({ code: 'conflict' });
    expect((await readSweep(store, key)).status).toBe('running');
  });

  it('has the key that it is given, and goes on with it', async () => {
    const request = {
      key: 'mine-1',
      name: 'keyed',
      space: { x: int(1, 3) },
      search: grid(),
      workspace: workspace(),
      resume: true,
    };
    // Either may be the first; it goes on until the other one has been refused.
    let refused = (): void => {};
    const other = new Promise<void>((done) => (refused = done));
    const one = async (): Promise<string> => {
      try {
        return (await sweep({ ...request, objective: ({ x }) => other.then(() => x) })).key;
      } catch (e) {
        refused();
        return (e as { code: string }).code;
      }
    };
    expect((await Promise.all([one(), one()])).sort()).toEqual(['conflict', 'mine-1']);
    const again = await sweep({ ...request, objective: () => Number.NaN }); // nothing is left to be tried
    expect([again.key, again.best?.value, again.trials.length]).toEqual(['mine-1', 1, 3]);
    expect(await failure(sweep({ ...request, resume: false, objective: () => 1 }))).toMatchObject({ code: 'conflict' });
  });

  it('four processes with a sweep each on one store come out as each would alone', async () => {
    const trials = 6;
    const alone = await running('alone', { trials });
    const four = await Promise.all(['n', 'e', 's', 'w'].map((name) => running(name, { trials })));
    for (const one of four) expect([...one].sort()).toEqual([...alone].sort());
    for (const name of ['n', 'e', 's', 'w']) expect(await readSweep(store, name)).toMatchObject({ status: 'finished', trials });
  }, 240_000);
}
