// Two trainings on one machine: neither starves the other, and one that has nothing to do takes nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

interface Answer {
  readonly steps: number;
  readonly took: number;
  readonly cpu: number;
}

const program = fileURLToPath(new URL('training-child.mjs', import.meta.url));

/** A process that trains with as many threads as there are processors, so that two of them have twice as many. */
class Training {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor() {
    this.#child = spawn(process.execPath, [program, String(availableParallelism())], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async answer(): Promise<Answer> {
    return JSON.parse((await this.#lines.next()).value as string) as Answer;
  }

  ask(what: string): Promise<Answer> {
    this.#child.stdin!.write(`${what}\n`);
    return this.answer();
  }

  /** Steps a millisecond. */
  async speed(): Promise<number> {
    const { steps, took } = await this.ask('train 400');
    return steps / took;
  }

  end(): void {
    this.#child.kill();
  }
}

const median = (x: readonly number[]): number => [...x].sort((a, b) => a - b)[x.length >> 1]!;

let trainings: readonly [Training, Training];
beforeAll(async () => {
  trainings = [new Training(), new Training()];
  await Promise.all(trainings.map((training) => training.answer()));
});
afterAll(() => trainings.forEach((training) => training.end()));

it('each has more than a third of the speed that it has alone', async () => {
  const [one, other] = trainings;
  const shares: [number, number][] = [];
  for (let round = 0; round < 9; round++) {
    const alone = [await one.speed(), await other.speed()] as const;
    const together = await Promise.all([one.speed(), other.speed()]);
    shares.push([together[0] / alone[0], together[1] / alone[1]]);
  }
  const of = [median(shares.map(([share]) => share)), median(shares.map(([, share]) => share))];
  console.log(`beside another training, a share of the speed alone: ${of.map((share) => share.toFixed(2)).join(' and ')}`);
  expect(Math.min(...of)).toBeGreaterThan(1 / 3);
});

it('takes no processor time when it has nothing to do', async () => {
  for (const training of trainings) {
    await training.ask('train 100');
    await training.ask('rest 50'); // what is collected after work
    const { cpu, took } = await training.ask('rest 1000');
    console.log(`at rest: ${cpu.toFixed(1)} ms of processor time in ${took.toFixed(0)} ms`);
    expect(cpu).toBeLessThan(30);
  }
});
