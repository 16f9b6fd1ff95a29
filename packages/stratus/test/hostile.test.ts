// 20,000 inputs to real servers, most of them wrong in some way: each is answered, none by a 5xx, and what says that it is right is right.
// The same inputs without end: `npm run soak -- serve`.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendHostile, toldFailures } from './hostile-send.ts';
import { startTargets, type Targets } from './hostile-targets.ts';

/** Always the same ones here, so that what is tested does not change by chance; the soak draws new ones. */
const [seed, only] = (process.env['STRATUS_HOSTILE'] ?? '1').split(':').map(Number);

let targets: Targets;
beforeAll(async () => {
  targets = await startTargets();
}, 120_000);
afterAll(async () => {
  expect(await targets.stop()).toBe(''); // no server has anything to tell of its own
}, 60_000);

it('answers 20,000 inputs rightly, or refuses them with a reason', { timeout: 600_000 }, async () => {
  const what = only === undefined ? { count: 20_000 } : { from: only, count: 1 };
  const report = await sendHostile(targets, { seed: seed!, ...what });
  if (report.failed > 0) throw new Error(toldFailures(seed!, report));
  expect(report.sent).toBe(what.count);
  if (only !== undefined) return console.log([...report.answers.keys()].join());
  const shared = (pattern: RegExp): number =>
    [...report.answers].reduce((n, [answer, count]) => n + (pattern.test(answer) ? count : 0), 0);
  // It is hostile, and not only noise: enough is refused, and enough is right.
  expect(shared(/ (4\d\d|[3-9]|1\d)$/)).toBeGreaterThan(6000);
  expect(shared(/, right 200$/)).toBeGreaterThan(1500);
  for (const name of ['oip-json', 'oip-binary', 'tensorflow', 'invocations', 'vertex', 'azure', 'predict', 'repository', 'api'])
    expect([name, shared(new RegExp(`^${name} 200$`)) > 0, shared(new RegExp(`^${name} 4`)) > 0]).toEqual([name, true, true]);
  expect(report.answers.get('framing 400')).toBeGreaterThan(500);
});
