// What every store promises about jobs, whatever holds it.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Claim, type JobInfo, type NewJob, openStore, type Store, type Worker } from '../src/store/index.ts';
import { failure, type StorePlace } from './store-contract.ts';

const worker = (holder: string, more: Partial<Worker> = {}): Worker => ({
  place: 'boot/1',
  host: 'here',
  holder,
  process: `1@${holder}`,
  cores: 4,
  memoryBytes: 1000,
  leaseMs: 60_000,
  ...more,
});

const hour = 3_600_000;

/** One store for all; every test has a project of its own. */
export function jobsContract(place: () => Pick<StorePlace, 'address' | 'options'>): void {
  let root: Store;
  let count = 0;
  beforeAll(async () => {
    const { address, options } = place();
    root = await openStore(address, { ...options, actor: 'ann' });
  });
  afterAll(() => root?.close());
  const fresh = async () => {
    const store = await root.inProject(`jobs-${++count}`);
    const here = `boot/${count}`;
    const submit = (key: string, more: Partial<NewJob> = {}): Promise<JobInfo> =>
      store.jobs.submit({ key, command: ['true'], cwd: '/', ...more });
    const claim = (more: Partial<Worker> = {}): Promise<Claim> => store.attempts.claim(worker('w', { place: here, ...more }));
    const begin = async (more: Partial<Worker> = {}): Promise<NonNullable<Claim['began']>> => {
      const { began } = await claim(more);
      if (began === undefined) throw new Error('there was nothing to begin');
      return began;
    };
    const next = async (more: Partial<Worker> = {}): Promise<string | undefined> => (await claim(more)).began?.job.key;
    const status = async (key: string): Promise<string> => (await store.jobs.get(key)).status;
    return { ...store, submit, claim, begin, next, status, here };
  };
  const failed = { status: 'failed', reason: 'exit code 1', exitCode: 1 } as const;
  const succeeded = { status: 'succeeded', reason: 'exit code 0', exitCode: 0 } as const;

  it('keeps a job as it was given', async () => {
    const { jobs, submit } = await fresh();
    await submit('first');
    const made = await jobs.submit({
      command: ['node', 'a b.js', '--x', "'"],
      cwd: '/tmp',
      env: { A: 'ü\n' },
      name: 'Nightly',
      priority: -3,
      cores: 0.5,
      memoryBytes: 2 ** 40,
      timeoutMs: 5,
      graceMs: 6,
      retries: 7,
      backoffMs: 8,
      needs: ['first'],
      preemptible: true,
      schedule: '0 3 * * *',
      timeZone: 'Europe/Zurich',
    });
    expect(await jobs.get(made.key)).toEqual(made);
    expect(made).toMatchObject({
      command: ['node', 'a b.js', '--x', "'"],
      env: { A: 'ü\n' },
      priority: -3,
      cores: 0.5,
      memoryBytes: 2 ** 40,
      needs: ['first'],
      preemptible: true,
      status: 'waiting',
      createdBy: 'ann',
      attempts: 0,
    });
    expect([1, 2]).toContain(made.notBefore!.getUTCHours()); // 3 o'clock there, in winter or in summer
  });

  it('refuses what cannot be, and says what is near', async () => {
    const { jobs, submit } = await fresh();
    await submit('alpha');
    await submit('alpine');
    const codes = async (...work: readonly Promise<unknown>[]) => (await Promise.all(work.map(failure))).map(({ code }) => code);
    const job = { command: ['true'], cwd: '/' };
    const bad = [
      { ...job, command: [] },
      { ...job, cwd: 'here' },
      { ...job, key: '../x' },
      { ...job, cores: Number.NaN },
      { ...job, retries: -1 },
      { ...job, env: { 'A=B': '1' } },
      { ...job, schedule: '61 * * * *' },
      { ...job, schedule: '* * * * *', timeZone: 'Nowhere/Land' },
      { ...job, schedule: '0 0 30 2 *' },
      { ...job, key: 'self', needs: ['self'] },
    ];
    expect(new Set(await codes(...bad.map((one) => jobs.submit(one))))).toEqual(new Set(['bad-value']));
    expect(await codes(submit('alpha'), jobs.get('nix'), submit('b', { needs: ['nix'] }))).toEqual([
      'conflict',
      'unknown-name',
      'unknown-name',
    ]);
    expect((await failure(jobs.get('alpna'))).message).toContain("Did you mean 'alpha'?");
    expect(await jobs.find('alpi')).toBe('alpine');
    expect((await failure(jobs.find('al'))).message).toContain('is the beginning of 2 jobs');
    expect(await codes(jobs.find(''), jobs.preempt('alpha'), jobs.list({ limit: -1 }))).toEqual([
      'unknown-name',
      'conflict',
      'bad-value',
    ]);
    expect((await jobs.list()).map(({ key }) => key)).toEqual(['alpine', 'alpha']); // nothing was half submitted
  });

  it('gives out what is more important first, then what came first, and lets nothing small overtake', async () => {
    const { submit, next, claim, jobs, attempts, begin } = await fresh();
    await submit('a');
    await submit('large', { cores: 3, priority: 1 });
    await submit('b', { priority: 2, cores: 2 });
    await submit('huge', { cores: 5, priority: 9 });
    await submit('greedy', { memoryBytes: 1001, priority: 9 });
    const b = await begin();
    expect(b.job.key).toBe('b');
    expect(await claim()).toEqual({ noRoomFor: { priority: 1, cores: expect.closeTo(1), memoryBytes: -1000 } });
    expect(await next({ place: 'boot/elsewhere' })).toBe('large');
    await attempts.end(b, succeeded);
    expect(await next()).toBe('a');
    expect(await next()).toBeUndefined();
    expect((await jobs.list({ status: ['running'] })).map(({ key }) => key)).toEqual(['large', 'a']);
    expect((await jobs.list({ status: ['queued', 'succeeded'] })).map(({ key }) => key)).toEqual(['greedy', 'huge', 'b']);
  });

  it('never gives a job to two who ask at once', async () => {
    const { submit, attempts, jobs } = await fresh();
    const keys = Array.from({ length: 25 }, (_, i) => `j${i}`);
    for (const key of keys) await submit(key, { cores: 0.1 });
    const { address, options } = place();
    const others = await Promise.all([1, 2, 3].map(() => openStore(address, options)));
    const doors = [
      attempts,
      ...(await Promise.all(others.map(async (store) => (await store.inProject(`jobs-${count}`)).attempts))),
    ];
    const got = await Promise.all(
      Array.from({ length: 16 }, async (_, i) => {
        const mine: string[] = [];
        for (;;) {
          const { began } = await doors[i % doors.length]!.claim(worker(`w${i}`, { place: `boot/many-${i % 3}` }));
          if (began === undefined) return mine;
          mine.push(began.job.key);
        }
      }),
    );
    expect(got.flat().sort()).toEqual([...keys].sort());
    expect((await jobs.list({ status: ['running'] })).every((job) => job.attempts === 1)).toBe(true);
    await Promise.all(others.map((store) => store.close()));
  });

  it('lets the jobs of one machine use its cores together, whoever supervises them', async () => {
    const { submit, claim, here } = await fresh();
    for (let i = 0; i < 12; i++) await submit(`j${i}`);
    const all = await Promise.all(Array.from({ length: 12 }, (_, i) => claim({ holder: `w${i}`, place: here, cores: 4 })));
    expect(all.filter(({ began }) => began !== undefined)).toHaveLength(4);
  });

  it('lets nobody write who has lost his lease', async () => {
    const { submit, begin, attempts, jobs, status } = await fresh();
    await submit('a');
    const old = await begin();
    expect(await attempts.started(old, { pid: 7, process: '7@1', spool: '/s' })).toBe(true);
    expect(await attempts.renew(old, 5.4)).toBe(true);
    const both = await Promise.all([attempts.take(old, worker('x')), attempts.take(old, worker('y'))]);
    const taken = both.filter((lease) => lease !== undefined);
    expect(taken).toEqual([{ attempt: old.attempt, token: 2 }]);
    const [running] = await attempts.running();
    expect(running).toMatchObject({ token: 2, pid: 7, process: '7@1', spool: '/s', ranMs: 5, beat: 2, job: 'a', number: 1 });
    expect(await attempts.renew(old, 6)).toBe(false);
    expect(await attempts.started(old, { pid: 8, process: '8@1', spool: '/t' })).toBe(false);
    expect(await attempts.end(old, succeeded)).toBe(false);
    const text = [{ stream: 'stdout', text: 'late', bytes: 4, skipped: 0 }] as const;
    expect(await attempts.print(old, running!.position, text)).toBeUndefined();
    expect(await jobs.logs('a')).toEqual([]);
    expect(await attempts.end(taken[0]!, succeeded)).toBe(true);
    expect(await attempts.end(taken[0]!, failed)).toBe(false);
    expect(await status('a')).toBe('succeeded');
  });

  it('tries again after failures, later each time, and counts nothing that is none', async () => {
    const { submit, begin, next, attempts, jobs, status } = await fresh();
    await submit('a', { retries: 2, backoffMs: hour / 10 });
    const pauses: number[] = [];
    const endings = [failed, { status: 'preempted', reason: 'saved' }, { status: 'timed-out', reason: 'late' }, failed] as const;
    for (const ending of endings) {
      await attempts.end(await begin(), ending);
      const job = await jobs.get('a');
      pauses.push((job.notBefore?.getTime() ?? Date.now()) - Date.now());
      expect(await next()).toBeUndefined();
      if (job.status === 'waiting') await jobs.retry('a').then(() => jobs.get('a')); // does not wait for the end of the pause
      if (ending !== endings.at(-1)) expect(await status('a')).toBe('queued');
    }
    expect(pauses[0]).toBeGreaterThan(hour / 20 - 5000);
    expect(pauses[0]).toBeLessThan(hour / 10 + 5000);
    expect(pauses[1]).toBeLessThan(2000);
    expect((await jobs.attempts('a')).map((attempt) => attempt.status)).toEqual(['failed', 'preempted', 'timed-out', 'failed']);
  });

  it('fails when no retry is left, gives up what is lost again and again, and begins anew when told', async () => {
    const { submit, begin, attempts, jobs, status } = await fresh();
    await submit('a', { retries: 1, backoffMs: 0 });
    await attempts.end(await begin(), failed);
    expect(await status('a')).toBe('queued');
    await attempts.end(await begin(), failed);
    expect(await jobs.get('a')).toMatchObject({ status: 'failed', reason: 'exit code 1', failures: 2, attempts: 2 });
    expect((await jobs.get('a')).finishedAt).toBeDefined();
    expect((await failure(jobs.cancel('a'))).message).toContain('it is failed');
    await jobs.retry('a');
    expect(await jobs.get('a')).toMatchObject({ status: 'queued', failures: 0, reason: undefined, finishedAt: undefined });
    for (let i = 0; i < 3; i++) await attempts.end(await begin(), { status: 'lost', reason: 'never began', unstarted: true });
    for (let i = 0; i < 6; i++) await attempts.end(await begin(), { status: 'lost', reason: 'gone' });
    expect(await status('a')).toBe('lost');
  });

  it('begins a job when those it needs have succeeded, and never when they have not', async () => {
    const { submit, begin, next, attempts, jobs, status } = await fresh();
    await submit('a');
    await submit('b');
    await submit('both', { needs: ['a', 'b', 'a'], priority: 5 });
    await submit('after', { needs: ['both'] });
    expect(await status('both')).toBe('waiting');
    const [a, b] = [await begin(), await begin()];
    await attempts.end(a, succeeded);
    expect(await next()).toBeUndefined();
    await attempts.end(b, succeeded);
    expect(await status('both')).toBe('queued');
    await attempts.end(await begin(), failed);
    expect(await status('after')).toBe('waiting');
    expect(await next()).toBeUndefined();
    expect(await jobs.get('after')).toMatchObject({ status: 'cancelled', reason: 'a job that it needs did not succeed' });
    await jobs.retry('both');
    await jobs.retry('after');
    expect(await next()).toBe('both');
  });

  it('runs a schedule again and again: what was missed once, what passed meanwhile not at all', async () => {
    const { submit, begin, next, attempts, jobs } = await fresh();
    await submit('each', { schedule: '* * * * * *', retries: 1, backoffMs: 0 });
    await vi.waitFor(async () => expect(await jobs.get('each')).toMatchObject({ status: 'queued' }), { timeout: 3000 });
    const first = await begin();
    expect(await next()).toBeUndefined();
    await attempts.end(first, failed);
    expect(await jobs.get('each')).toMatchObject({ occurrence: 1, failures: 1 });
    await attempts.end(await begin(), succeeded);
    const again = await jobs.get('each');
    expect(again).toMatchObject({ occurrence: 2, failures: 0, attempts: 2, finishedAt: undefined });
    expect(again.notBefore!.getTime() % 1000).toBe(0);
    await jobs.cancel('each');
    expect(await jobs.get('each')).toMatchObject({ status: 'cancelled' });
    expect((await failure(submit('x', { needs: ['each'] }))).code).toBe('bad-value');
  });

  it('cancels and preempts what runs by asking for it', async () => {
    const { submit, begin, attempts, jobs, status } = await fresh();
    await submit('a');
    await submit('b');
    const [a, b] = [await begin(), await begin()];
    await jobs.preempt('a');
    await jobs.cancel('a');
    await jobs.preempt('a'); // a cancellation stays one
    await jobs.preempt('b');
    expect((await attempts.running()).map(({ wish }) => wish)).toEqual(['cancel', 'preempt']);
    await attempts.end(a, { status: 'preempted', reason: 'saved', exitCode: 75 });
    await attempts.end(b, { status: 'preempted', reason: 'saved', exitCode: 75 });
    expect([await status('a'), await status('b')]).toEqual(['cancelled', 'queued']);
    await jobs.cancel('b');
    expect(await status('b')).toBe('cancelled');
  });

  it('keeps the beginning and the end of what is printed, and counts every byte', async () => {
    const { submit, begin, attempts, jobs } = await fresh();
    await submit('a');
    const lease = await begin();
    const sizes = fc.array(fc.tuple(fc.integer({ min: 1, max: 400_000 }), fc.constantFrom(0, 0, 0, 70_000)), {
      minLength: 1,
      maxLength: 12,
    });
    let position = (await attempts.running())[0]!.position;
    let written = 0;
    await fc.assert(
      fc.asyncProperty(sizes, async (list) => {
        for (const [bytes, skipped] of list) {
          written += bytes + skipped;
          const piece = { stream: 'stdout', text: 'x'.repeat(bytes), bytes, skipped } as const;
          const next = await attempts.print(lease, position, [piece]);
          expect(await attempts.print(lease, position, [piece])).toEqual(next); // asked twice, written once
          position = next!;
        }
        const pieces = await jobs.logs('a', { limit: 1e6 });
        const kept = (part: string): number =>
          pieces.filter((one) => one.part === part).reduce((sum, { text }) => sum + text.length, 0);
        expect(kept('head') + kept('tail') + position.dropped_bytes).toBe(written);
        expect(position.stdout_bytes).toBe(written);
        expect(kept('head')).toBeLessThanOrEqual(1_048_576);
        if (written > 3e6) expect(kept('tail')).toBeGreaterThanOrEqual(1_048_576);
        expect(kept('tail')).toBeLessThanOrEqual(1_048_576 + 400_000);
      }),
      { numRuns: 6 },
    );
    expect((await jobs.attempts('a'))[0]!.droppedBytes).toBe(position.dropped_bytes);
  });

  it('decides by the clock of the database alone', async () => {
    const { submit, next, jobs } = await fresh();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 48 * hour });
    try {
      const { notBefore } = await submit('each', { schedule: '0 * * * *' });
      expect(notBefore!.getTime()).toBeLessThan(Date.now() - 46 * hour);
      expect(await next()).toBeUndefined();
      expect((await jobs.get('each')).status).toBe('waiting');
    } finally {
      vi.useRealTimers();
    }
  });
}
