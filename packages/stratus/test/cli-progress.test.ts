// What a training looks like: on a terminal, in a log, for programs.
import type { Callback, Logs, TrainingRun } from '@stratus/core';
import { describe, expect, it } from 'vitest';
import { clock, duration, figure, speed } from '../src/progress/format.ts';
import { jsonProgress, type OutputStream, terminalProgress } from '../src/progress/index.ts';

/** A terminal as far as log-update and we use one: what is on its screen after all was written. */
class Terminal implements OutputStream {
  readonly isTTY = true;
  readonly columns: number;
  readonly lines: string[] = [''];
  written = '';
  #row = 0;
  #column = 0;

  constructor(columns = 100) {
    this.columns = columns;
  }

  write(text: string): boolean {
    this.written += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals are told
    for (const part of text.match(/\u001B\[[?\d;]*[A-Za-z]|[^\u001B]/g) ?? []) this.#take(part);
    return true;
  }

  #take(part: string): void {
    if (part === '\n') {
      this.#row++;
      this.#column = 0;
      this.lines[this.#row] ??= '';
      return;
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what terminals are told
    const control = /^\u001B\[([?\d;]*)([A-Za-z])$/.exec(part);
    if (!control) {
      const line = this.lines[this.#row]!;
      this.lines[this.#row] = line.slice(0, this.#column).padEnd(this.#column) + part + line.slice(this.#column + 1);
      this.#column++;
      return;
    }
    const [, argument = '', what] = control;
    const n = Number(argument || 1);
    if (what === 'A') this.#row -= n;
    else if (what === 'B') this.#row += n;
    else if (what === 'G') this.#column = n - 1;
    else if (what === 'K') this.lines[this.#row] = argument === '2' ? '' : this.lines[this.#row]!.slice(0, this.#column);
    else if (what !== 'm' && what !== 'h' && what !== 'l') throw new Error(`this terminal does not know ${JSON.stringify(part)}`);
  }

  /** The screen without empty lines at its end. */
  get screen(): string[] {
    return this.lines.join('\n').trimEnd().split('\n');
  }
}

/** A log file. */
class Log implements OutputStream {
  text = '';
  write(text: string): void {
    this.text += text;
  }
  get lines(): string[] {
    return this.text.trimEnd().split('\n');
  }
}

const logs: Logs = {
  loss: 0.12345,
  accuracy: 0.9632,
  confusionMatrix: [
    [1, 2],
    [3, 4],
  ],
};

interface Course {
  readonly epochs: number;
  readonly batches: number;
  readonly stepSeconds: number;
  readonly pauseSeconds?: number;
  readonly isStream?: boolean;
  readonly from?: { readonly epoch: number; readonly batch: number };
  readonly stopAt?: { readonly epoch: number; readonly batch: number };
  readonly onBatch?: (run: TrainingRun) => void;
  readonly passedOver?: readonly string[];
}

/** Leads a callback through a training as fit does, on a clock of its own. */
async function lead(make: (now: () => number) => Callback, course: Course): Promise<void> {
  const { epochs, batches, stepSeconds, pauseSeconds = 0, from, stopAt } = course;
  let time = 100;
  const callback = make(() => time);
  const run = {
    epoch: from?.epoch ?? 0,
    epochs,
    batch: from?.batch ?? 0,
    batches: course.isStream ? undefined : batches,
    step: 0,
    batchSize: 32,
    passedOver: course.passedOver ?? [],
    batchLoss: 0,
    learningRate: 0.01,
  };
  const seen = run as unknown as TrainingRun;
  await callback.onTrainBegin?.(seen);
  training: while (run.epoch < epochs) {
    if (run.batch === 0) await callback.onEpochBegin?.(seen);
    while (run.batch < batches) {
      time += stepSeconds;
      run.batch++;
      run.step++;
      await callback.onBatchEnd?.(seen, logs);
      course.onBatch?.(seen);
      if (stopAt && run.epoch === stopAt.epoch && run.batch === stopAt.batch) break training;
    }
    time += pauseSeconds;
    await callback.onEpochEnd?.(seen, { ...logs, valLoss: 0.2 });
    run.epoch++;
    run.batch = 0;
  }
  await callback.onTrainEnd?.(seen, logs);
}

describe('on a terminal', () => {
  it('rewrites one line, and leaves one for each epoch', async () => {
    const stream = new Terminal();
    let middle: string[] = [];
    const onBatch = (run: TrainingRun): void => {
      if (run.epoch === 1 && run.batch === 300) middle = stream.screen;
    };
    await lead((now) => terminalProgress({ stream, now }), { epochs: 3, batches: 400, stepSeconds: 0.001, onBatch });
    expect(middle).toEqual([
      'Epoch 1/3  loss 0.1235  accuracy 0.9632  valLoss 0.2000  0.4 s',
      expect.stringMatching(/^Epoch 2\/3 ━+ 2[0-9]{2}\/400 {2}loss 0\.1235 {2}accuracy 0\.9632 {2}1 000 steps\/s {2}0:01 left$/),
    ]);
    expect(stream.screen).toEqual([1, 2, 3].map((n) => `Epoch ${n}/3  loss 0.1235  accuracy 0.9632  valLoss 0.2000  0.4 s`));
    expect(stream.written).toContain('\u001B[36m━');
  });

  it('draws at most about twelve times a second', async () => {
    const stream = new Terminal();
    let frames = 0;
    const write = stream.write.bind(stream);
    stream.write = (text) => {
      frames++;
      return write(text);
    };
    await lead((now) => terminalProgress({ stream, now }), { epochs: 1, batches: 5000, stepSeconds: 0.001 });
    expect(frames).toBeGreaterThan(40);
    expect(frames).toBeLessThan(80);
  });

  it('lets others print above it', async () => {
    const stream = new Terminal();
    const onBatch = (run: TrainingRun): void => {
      if (run.batch % 100 === 50) stream.write(`note ${run.batch}\n`);
      if (run.batch === 180) stream.write('a ');
      if (run.batch === 190) stream.write('line in parts\n');
    };
    await lead((now) => terminalProgress({ stream, now }), { epochs: 2, batches: 200, stepSeconds: 0.02, onBatch });
    const epoch = (n: number): string => `Epoch ${n}/2  loss 0.1235  accuracy 0.9632  valLoss 0.2000  4.0 s`;
    expect(stream.screen).toEqual([
      'note 50',
      'note 150',
      'a line in parts',
      epoch(1),
      'note 50',
      'note 150',
      'a line in parts',
      epoch(2),
    ]);
    expect(Object.hasOwn(stream, 'write')).toBe(false); // the terminal is given back
  });

  it('fits its line into the terminal', async () => {
    for (const columns of [100, 72, 60, 40]) {
      const stream = new Terminal(columns);
      await lead((now) => terminalProgress({ stream, now }), {
        epochs: 1,
        batches: 1000,
        stepSeconds: 0.001,
        stopAt: { epoch: 0, batch: 640 },
      });
      expect(stream.screen).toHaveLength(1);
      expect(stream.screen[0]!.length).toBeLessThanOrEqual(columns);
      expect(stream.screen[0]).toContain('640/1000');
      expect(stream.screen[0]).toContain('loss 0.1235');
    }
  });

  it('shows how far a stopped training came, and where a resumed one begins', async () => {
    const stream = new Terminal();
    await lead((now) => terminalProgress({ stream, now }), {
      epochs: 2,
      batches: 100,
      stepSeconds: 0.01,
      from: { epoch: 0, batch: 40 },
      stopAt: { epoch: 0, batch: 90 },
    });
    expect(stream.screen).toEqual(['Resumed at epoch 1/2, batch 40/100.', expect.stringMatching(/^Epoch 1\/2 ━+ {2}90\/100/)]);
    const damaged = new Terminal();
    await lead((now) => terminalProgress({ stream: damaged, now }), {
      epochs: 2,
      batches: 100,
      stepSeconds: 1,
      from: { epoch: 1, batch: 0 },
      passedOver: ['step-00000200: model.onnx is missing'],
    });
    expect(damaged.screen.slice(0, 2)).toEqual([
      'Passed over a damaged checkpoint: step-00000200: model.onnx is missing.',
      'Resumed at epoch 2/2.',
    ]);
    const done = new Terminal();
    await lead((now) => terminalProgress({ stream: done, now }), {
      epochs: 2,
      batches: 100,
      stepSeconds: 1,
      from: { epoch: 2, batch: 0 },
    });
    expect(done.screen).toEqual(['Nothing is left to train: all 2 epochs are done. Ask for more epochs to go on.']);
  });

  it('has no colours where NO_COLOR is set', async () => {
    process.env['NO_COLOR'] = '1';
    try {
      const stream = new Terminal();
      await lead((now) => terminalProgress({ stream, now }), { epochs: 1, batches: 100, stepSeconds: 0.01 });
      expect(stream.written).toContain('━');
      expect(stream.written.replaceAll('\u001B', '^')).not.toMatch(/\^\[\d*m/);
    } finally {
      delete process.env['NO_COLOR'];
    }
  });
});

describe('in a log', () => {
  it('has a line a second at most, and one for each epoch', async () => {
    const stream = new Log();
    await lead((now) => terminalProgress({ stream, now }), { epochs: 2, batches: 350, stepSeconds: 0.01, pauseSeconds: 0.5 });
    const epoch = (n: number): string => `Epoch ${n}/2  loss 0.1235  accuracy 0.9632  valLoss 0.2000  4.0 s`;
    const step = (n: number, batch: number): unknown =>
      expect.stringMatching(new RegExp(`^Epoch ${n}/2  ${batch}/350  loss 0.1235  accuracy 0.9632  100 steps/s  0:0\\d left$`));
    expect(stream.lines).toEqual([
      step(1, 100),
      step(1, 200),
      step(1, 300),
      epoch(1),
      step(2, 100),
      step(2, 200),
      step(2, 300),
      epoch(2),
    ]);
    expect(stream.text).not.toMatch(/[^\n -~]/);
  });

  it('counts validation into the time left, but not into the speed', async () => {
    const stream = new Log();
    // 3 epochs of 2 s, each followed by 10 s of validation.
    await lead((now) => terminalProgress({ stream, now }), { epochs: 3, batches: 200, stepSeconds: 0.01, pauseSeconds: 10 });
    const second = stream.lines.find((line) => line.startsWith('Epoch 2/3  100/200'));
    // 1 s of this epoch, 2 s of the next, 10 s of validation after each.
    expect(second).toContain('100 steps/s  0:23 left');
  });

  it('knows the length of a stream from its first epoch', async () => {
    const stream = new Log();
    await lead((now) => terminalProgress({ stream, now }), { epochs: 2, batches: 250, stepSeconds: 0.01, isStream: true });
    expect(stream.lines[0]).toBe('Epoch 1/2  100  loss 0.1235  accuracy 0.9632  100 steps/s');
    expect(stream.lines.find((line) => line.startsWith('Epoch 2/2  100'))).toContain('0:02 left');
  });

  it('smooths the speed', async () => {
    const speeds: number[] = [];
    const stream = { write: (line: string) => void speeds.push((JSON.parse(line) as { stepsPerSecond: number }).stepsPerSecond) };
    let time = 0;
    const callback = jsonProgress({ stream, now: () => time });
    const run = { epoch: 0, epochs: 1, batch: 0, batches: 1e6, step: 0 } as unknown as TrainingRun & { batch: number };
    const steps = (seconds: number, each: number): void => {
      for (const end = time + seconds; time < end; ) {
        time += each;
        run.batch++;
        void callback.onBatchEnd!(run, logs);
      }
    };
    steps(20, 0.01);
    expect(speeds.at(-1)).toBeCloseTo(100, 0);
    steps(1.05, 0.05); // a hiccup
    expect(speeds.at(-1)).toBeGreaterThan(60);
    steps(20, 0.05); // it stays slow
    expect(speeds.at(-1)).toBeCloseTo(20, 0);
  });
});

it('writes JSON for programs, with everything in it', async () => {
  const stream = new Log();
  await lead((now) => jsonProgress({ stream, now }), { epochs: 1, batches: 250, stepSeconds: 0.01 });
  const events = stream.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ type }) => type)).toEqual(['begin', 'step', 'step', 'epoch', 'end']);
  expect(events[1]).toEqual({
    type: 'step',
    epoch: 1,
    epochs: 1,
    batch: 100,
    batches: 250,
    step: 100,
    stepsPerSecond: 100,
    secondsLeft: 1.5,
    logs,
  });
  expect(events[3]).toMatchObject({ epoch: 1, seconds: 2.5, learningRate: 0.01, logs: { ...logs, valLoss: 0.2 } });
});

it('formats numbers for people', () => {
  expect(
    [0, 0.12345, 0.00001234, 9.99999, 12.3456, 123.456, 1234.56, 123456, 1.5e7, -0.5, Number.NaN, Number.POSITIVE_INFINITY].map(
      figure,
    ),
  ).toEqual([
    '0.0000',
    '0.1235',
    '1.23e-5',
    '10.0000',
    '12.346',
    '123.46',
    '1234.6',
    '123456',
    '1.50e+7',
    '-0.5000',
    'NaN',
    'Infinity',
  ]);
  expect([0, 7.2, 59.01, 60, 751, 3723].map(clock)).toEqual(['0:00', '0:08', '1:00', '1:00', '12:31', '1:02:03']);
  expect([0.84, 12.34, 125].map(duration)).toEqual(['0.8 s', '12.3 s', '2:05']);
  expect([0.25, 3.333, 12.6, 1320, 1234567].map(speed)).toEqual([
    '0.25 steps/s',
    '3.3 steps/s',
    '13 steps/s',
    '1 320 steps/s',
    '1 234 567 steps/s',
  ]);
});
