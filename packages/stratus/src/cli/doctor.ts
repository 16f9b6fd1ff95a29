import { createRequire } from 'node:module';
import { arch, availableParallelism, freemem, type as osName, release, totalmem } from 'node:os';
import type { Executor } from '@stratus/core';
import type { Command } from 'commander';
import { figure } from '../progress/index.ts';
import { cpuModel, freeBytes, npmVersion, simd } from './machine.ts';
import { jsonOption, withExamples } from './options.ts';
import { type Output, outputFor, table } from './output.ts';
import { version } from './version.ts';
import { tryWebGpu } from './web-gpu.ts';

/** One thing that was looked at. A failure means that training cannot work. */
interface Finding {
  readonly section: string;
  readonly name: string;
  readonly value: string;
  readonly status: 'fact' | 'ok' | 'warning' | 'failure';
  /** What to do about it, or more about it. */
  readonly note?: string;
}

type Found = Omit<Finding, 'section'>;

/** `stratus doctor` */
export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('say what this machine can do')
    .description(
      'Says what this machine can do: versions, processor, engine, GPU, disk. Trains a small network to be sure. Exit code 1 if training cannot work.',
    )
    .addOption(jsonOption())
    .action((options: { readonly json?: boolean }) => doctor(options));
  withExamples(command, 'stratus doctor', 'stratus doctor --json');
}

async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const output = outputFor(options);
  const found: Finding[] = [];
  const sections: readonly (readonly [string, () => Promise<readonly Found[]>])[] = [
    ['Versions', versions],
    ['Machine', machine],
    ['Engine', engine],
    ['Disk', disk],
  ];
  for (const [section, look] of sections) {
    const findings = (await look()).map((finding): Finding => ({ section, ...finding }));
    found.push(...findings);
    show(section, findings, output);
  }
  const works = found.every(({ status }) => status !== 'failure');
  output.data({ works, findings: found });
  output.print(
    works
      ? output.colors.green('Training works on this machine.')
      : output.colors.red('Training does not work on this machine: see ✗ above.'),
  );
  if (!works) process.exitCode = 1;
}

const marks = { fact: '·', ok: '✓', warning: '!', failure: '✗' } as const;

/** The same in all sections, which are shown one by one. */
const nameWidth = 'Processors for this process'.length;

function show(section: string, findings: readonly Finding[], { colors, print }: Output): void {
  const paint = { fact: colors.dim, ok: colors.green, warning: colors.yellow, failure: colors.red };
  print(colors.bold(section));
  print(table(findings.map(({ name, value, status }) => [`  ${paint[status](marks[status])} ${name.padEnd(nameWidth)}`, value])));
  for (const { note, status } of findings) if (note !== undefined) print(`    ${paint[status](note)}`);
  print();
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const messageOf = (e: unknown): string => (e as Error).message;

/** onnxruntime-node belongs to core, and is found from there. */
const runtime = (): { readonly path: string; readonly version: string } => {
  const fromCore = createRequire(createRequire(import.meta.url).resolve('@stratus/core'));
  const { version } = fromCore('onnxruntime-node/package.json') as { readonly version: string };
  return { path: fromCore.resolve('onnxruntime-node'), version };
};

async function versions(): Promise<Found[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const recent = major > 20 || (major === 20 && minor >= 19);
  const found: Found[] = [
    { name: 'Stratus', value: version, status: 'fact' },
    {
      name: 'Node',
      value: process.versions.node,
      status: recent ? 'ok' : 'failure',
      ...(!recent && { note: 'Node 20.19 or later is needed: https://nodejs.org' }),
    },
    { name: 'npm', value: (await npmVersion()) ?? 'not found', status: 'fact' },
  ];
  try {
    found.push({ name: 'ONNX Runtime', value: runtime().version, status: 'ok' });
  } catch (e) {
    found.push({
      name: 'ONNX Runtime',
      value: 'not found',
      status: 'failure',
      note: `Install again: npm install (${messageOf(e)})`,
    });
  }
  return found;
}

/** The C library that prebuilt binaries for Linux are made for. */
const libc = (): string | undefined => {
  if (process.platform !== 'linux') return undefined;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl';
};

async function machine(): Promise<Found[]> {
  const flags = await simd();
  const slow = arch() === 'x64' && flags !== undefined && !flags.includes('avx2') && !flags.includes('avx1_0');
  const limit = process.constrainedMemory();
  const memory = limit > 0 && limit < totalmem() ? limit : totalmem();
  return [
    {
      name: 'System',
      value: [`${osName()} ${release()}`, arch(), libc()].filter((text) => text !== undefined).join(', '),
      status: libc() === 'musl' ? 'warning' : 'fact',
      ...(libc() === 'musl' && { note: 'ONNX Runtime is built for glibc: use an image of Debian or another that has it.' }),
    },
    { name: 'Processor', value: cpuModel(), status: 'fact' },
    { name: 'Processors for this process', value: String(availableParallelism()), status: 'fact' },
    {
      name: 'SIMD',
      value: flags?.join(' ') || (flags ? 'none' : 'not known on this system'),
      status: slow ? 'warning' : 'fact',
      ...(slow && { note: 'Without AVX2, training is several times slower.' }),
    },
    { name: 'Memory', value: `${gigabytes(memory)}, ${gigabytes(Math.min(memory, freemem()))} free`, status: 'fact' },
  ];
}

async function engine(): Promise<Found[]> {
  const found: Found[] = [];
  try {
    const { createExecutor } = await import('@stratus/core');
    const native = await createExecutor({ driver: 'capi' }).catch((e: unknown) => messageOf(e));
    if (typeof native === 'string')
      found.push({
        name: 'Native library',
        value: 'does not load',
        status: 'warning',
        note: `The slower binding is used instead: ${native}`,
      });
    else {
      found.push({ name: 'Native library', value: 'loads', status: 'ok' });
      await native.release();
    }
    const executor = await createExecutor(); // the one that is at work, which STRATUS_DRIVER may have chosen
    try {
      found.push({ name: 'Executor', value: executor.description, status: 'ok' });
      found.push({ name: 'Matrix product', value: `${figure(await gigaflops(executor))} GFLOP/s in float32`, status: 'ok' });
      found.push({
        name: 'Training step',
        value: `${figure(await stepMs(executor))} ms (784-128-10, batches of 128)`,
        status: 'ok',
      });
    } finally {
      await executor.release();
    }
  } catch (e) {
    found.push({ name: 'Executor', value: 'does not work', status: 'failure', note: messageOf(e) });
  }
  return [...found, await gpu()];
}

/** What there is to do where no adapter was found. */
const gpuHelp = (reason: string): string =>
  process.platform === 'linux' && /adapter/i.test(reason)
    ? ' If there is a GPU: install its Vulkan driver and the loader (Debian, Ubuntu: apt install libvulkan1 mesa-vulkan-drivers, or NVIDIA’s driver).'
    : '';

async function gpu(): Promise<Found> {
  const name = 'WebGPU';
  try {
    const { exportGraph, graphInput, ops } = await import('@stratus/core');
    const x = graphInput('x', [2, 2]);
    const { works, reason } = await tryWebGpu(
      runtime().path,
      exportGraph({ name: 'square', inputs: [x], outputs: { y: ops.matMul(x, x) } }),
    );
    return works
      ? { name, value: 'works: stratus train --device webgpu', status: 'ok' }
      : { name, value: 'not available', status: 'fact', note: `WebGPU: ${reason}${gpuHelp(reason)}` };
  } catch (e) {
    return { name, value: 'not available', status: 'fact', note: `WebGPU: ${messageOf(e)}` };
  }
}

const secondsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
};

/** The best of what fits into half a second: other programs only ever make it worse. */
async function gigaflops(executor: Executor, size = 768): Promise<number> {
  const { exportGraph, full, graphInput, ops } = await import('@stratus/core');
  const [a, b] = [graphInput('a', [size, size]), graphInput('b', [size, size])];
  const program = await executor.compile(
    exportGraph({ name: 'product', inputs: [a, b], outputs: { y: ops.reduceMax(ops.matMul(a, b)) } }),
  );
  const feeds = { a: full([size, size], 0.5), b: full([size, size], 0.25) };
  await program.run(feeds);
  let [best, spent] = [Number.POSITIVE_INFINITY, 0];
  while (spent < 0.5) {
    const seconds = await secondsOf(() => program.run(feeds));
    best = Math.min(best, seconds);
    spent += seconds;
  }
  await program.release();
  return (2 * size ** 3) / best / 1e9;
}

async function stepMs(executor: Executor): Promise<number> {
  const { dense, input, sequential, sgd, zeros } = await import('@stratus/core');
  const model = sequential(
    [input({ shape: [784] }), dense({ units: 128, activation: 'relu' }), dense({ units: 10, activation: 'softmax' })],
    { executor },
  );
  model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
  const [x, y] = [zeros([128, 784]), zeros([128], 'int32')];
  await model.trainOnBatch(x, y);
  const seconds: number[] = [];
  for (let i = 0; i < 51; i++) seconds.push(await secondsOf(() => model.trainOnBatch(x, y)));
  await model.release();
  return 1000 * seconds.sort((a, b) => a - b)[25]!;
}

async function disk(): Promise<Found[]> {
  const { cacheRoot } = await import('../data/index.ts');
  const places = [
    ['Working folder', process.cwd()],
    ['Cache for data sets', cacheRoot()],
  ] as const;
  return Promise.all(
    places.map(async ([name, folder]): Promise<Found> => {
      const free = await freeBytes(folder);
      return {
        name,
        value: `${folder}, ${gigabytes(free)} free`,
        status: free < 2 ** 30 ? 'warning' : 'ok',
        ...(free < 2 ** 30 && { note: `Little space is left for ${folder}: checkpoints and data sets need some.` }),
      };
    }),
  );
}
