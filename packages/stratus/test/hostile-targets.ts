// The servers that are asked, as users run them: `stratus deploy` of a folder with keys, gRPC, metrics and capture; of one model, for the protocols that name none; `stratus serve`.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  dense,
  embedding,
  flatten,
  globalAveragePooling1d,
  input,
  preprocessing,
  rescaling,
  sequential,
  steps,
  tensor,
} from '@stratus/core';
import { createKey } from '../src/keys/index.ts';
import { type Running, start } from './cli-process.ts';
import type { Place } from './hostile-requests.ts';
import { echoModel, lookUpModel, smallBytes } from './serving.ts';

/** A size and a city to a price: 2 * size + 1. */
async function houses(): Promise<Uint8Array> {
  const plan = preprocessing({ features: { size: [steps.minMax()], city: [steps.categories(), steps.oneHot()] } });
  const fitted = await plan.fit([
    { size: 0, city: 'a' },
    { size: 10, city: 'b' },
  ]);
  const width = fitted.inputs['input']!.shape[0]!;
  const net = sequential([input({ shape: [width], name: 'input' }), dense({ units: 1, name: 'price' })]);
  await net.setWeights({
    'price/kernel': tensor(Array.from({ length: width }, (_, i) => [i === 0 ? 20 : 0])),
    'price/bias': tensor([1]),
  });
  return (await net.preprocess(fitted)).toBytes();
}

async function reviews(): Promise<Uint8Array> {
  const prep = await preprocessing({
    features: { review: [steps.cleanText(), steps.tokenize(), steps.pad({ maxLength: 4 })] },
  }).fit([{ review: 'A good film' }, { review: 'Bad, bad.' }]);
  const net = sequential([
    input({ shape: [4], dtype: 'int32', name: 'words' }),
    embedding({ inputDim: prep.inputs['input']!.size!, outputDim: 2 }),
    globalAveragePooling1d(),
    dense({ units: 1, activation: 'sigmoid', name: 'good' }),
  ]);
  return net.preprocess(prep).toBytes();
}

async function photos(): Promise<Uint8Array> {
  const prep = await preprocessing({ features: { photo: [steps.image({ size: [4, 4] })] } }).fit([{ photo: '' }]);
  return sequential([prep.input(), rescaling({ scale: 1 / 255 }), flatten(), dense({ units: 3, name: 'y' })])
    .preprocess(prep)
    .toBytes();
}

/** A megabyte of weights: what is kept of one that was put away would show. */
async function megabyte(): Promise<Uint8Array> {
  return await sequential([input({ shape: [512], name: 'x' }), dense({ units: 512, name: 'y' })], { seed: 3 }).toBytes();
}

/** Servers that run. */
export interface Targets {
  readonly ports: Readonly<Record<Place, number>>;
  readonly grpcPort: number;
  /** May ask every model of the folder, and load and put them away. */
  readonly key: string;
  /** Counts no more. */
  readonly oldKey: string;
  /** Where everything is. */
  readonly folder: string;
  readonly processes: Readonly<Record<Place, Running>>;
  /** Ends them, and says what they wrote on standard error that is no notice of their end. */
  stop(): Promise<string>;
}

interface Serving {
  readonly port: number;
  readonly grpcPort?: number;
}

async function placeOf(running: Running): Promise<Serving> {
  const [line] = await running.until(/^\{"type":"serving".*\}$/m);
  return JSON.parse(line) as Serving;
}

/** Starts all three. `prepare`: is called with the folder of `stratus serve` before it begins. */
export async function startTargets(prepare: (folder: string) => Promise<void> = async () => {}): Promise<Targets> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-hostile-'));
  for (const name of ['models', 'one', 'workspace']) mkdirSync(join(folder, name));
  const small = await smallBytes();
  const models: Readonly<Record<string, Uint8Array>> = {
    small,
    cycled: await megabyte(),
    whole: echoModel('int64'),
    words: echoModel('string'),
    lookup: lookUpModel(),
    houses: await houses(),
    reviews: await reviews(),
    photos: await photos(),
  };
  for (const [name, bytes] of Object.entries(models)) writeFileSync(join(folder, 'models', `${name}.onnx`), bytes);
  writeFileSync(join(folder, 'one', 'small.onnx'), small);
  const keys = join(folder, 'keys.json');
  const { secret: key } = await createKey(keys, { name: 'soak', manage: true });
  const { secret: oldKey } = await createKey(keys, { name: 'old', expiresAt: new Date(Date.now() + 1) });
  await prepare(join(folder, 'workspace'));
  const common = ['--port', '0', '--json'];
  const env = { AIP_PREDICT_ROUTE: '/vertex/predict', AIP_HEALTH_ROUTE: '/vertex/health', AIP_HTTP_PORT: undefined };
  const processes = {
    folder: start(
      ['deploy', join(folder, 'models'), '--keys', keys, '--grpc-port', '0', '--capture', join(folder, 'capture'), ...common],
      { cwd: folder },
    ),
    single: start(['deploy', join(folder, 'one', 'small.onnx'), ...common], { cwd: folder, env }),
    api: start(['serve', '--no-jobs', ...common], { cwd: join(folder, 'workspace') }),
  };
  const stop = async (): Promise<string> => {
    const all = Object.values(processes);
    for (const one of all) one.kill('SIGTERM');
    const ended = await Promise.all(all.map((one) => one.ended));
    rmSync(folder, { recursive: true, force: true });
    const lines = ended.flatMap(({ stderr }) => stderr.split('\n'));
    return lines.filter((line) => line !== '' && !/^(Stopping when|Stopped\.)/.test(line)).join('\n');
  };
  try {
    const [first, single, api] = await Promise.all([
      placeOf(processes.folder),
      placeOf(processes.single),
      placeOf(processes.api),
    ]);
    const ports = { folder: first.port, single: single.port, api: api.port };
    return { ports, grpcPort: first.grpcPort!, key, oldKey, folder, processes, stop };
  } catch (e) {
    await stop();
    throw e;
  }
}
