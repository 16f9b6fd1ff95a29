import { fail, StratusError } from '../errors.ts';
import type { Node } from '../graph/index.ts';
import { exportGraph, importGraph } from '../onnx/index.ts';
import { matrixRate, type RecordedStep, StepProfile } from '../profile/index.ts';
import {
  executor as defaultExecutor,
  type Executor,
  type Port,
  type Program,
  peakMemory,
  type Tensors,
} from '../runtime/index.ts';
import { zeros } from '../tensor/index.ts';
import { placeOf } from './place-of.ts';
import { profiledSteps } from './step-profiler.ts';

/** How a model is profiled. */
export interface ProfileModelOptions {
  /** Runs that are watched; 20 unless told. */
  readonly steps?: number;
  /** Samples of a run: the first axis of inputs, where the model leaves it open. 1 unless told. */
  readonly batchSize?: number;
  /** Sizes of other axes that the model leaves open, by their names: `{ time: 128 }`. */
  readonly sizes?: Readonly<Record<string, number>>;
  readonly executor?: Executor | undefined;
}

const warmup = 3;

/**
 * Where the time of an inference goes, of any ONNX model: zeros are fed. Steps of the profile are runs. Of a model with operators that Stratus
 * does not know, layers and operations are not known either.
 *
 * Errors: `not-onnx`, `engine`; `bad-value` for options, or an open axis that has no size.
 * Source: as `StepProfile`.
 *
 * @example
 * import { dense, input, profileModel, sequential } from '@stratus/core';
 * const bytes = await sequential([input({ shape: [4] }), dense({ units: 3 })]).toBytes();
 * const profile = await profileModel(bytes, { batchSize: 8, steps: 5 });
 * console.log(profile.flops); // 192
 */
export async function profileModel(
  model: Uint8Array,
  { steps: asked, batchSize = 1, sizes = {}, executor }: ProfileModelOptions = {},
): Promise<StepProfile> {
  const steps = profiledSteps(asked === undefined ? true : { steps: asked })!;
  for (const [name, size] of Object.entries({ batchSize, ...sizes }))
    if (!Number.isInteger(size) || size < 1)
      throw fail('bad-value', { what: 'profileModel', got: `${name} ${size}`, want: 'a positive whole number' });
  const runner = executor ?? (await defaultExecutor());
  const { bytes, nodes } = readable(model, runner);
  const plain = await runner.compile(bytes);
  try {
    const open = openSizes(plain.inputs, batchSize, sizes);
    const feeds = feedsOf(plain.inputs, open);
    const plainMs = (await timed(plain, feeds, warmup + steps)).slice(warmup).map(({ ms }) => ms);
    const processBytes = peakMemory?.();
    const watched = await runner.compile(bytes, { profile: true });
    try {
      const times = await timed(watched, feeds, warmup + steps);
      const runs = await watched.endProfiling!();
      const recorded = times.flatMap(({ start, ms }, i): RecordedStep[] => {
        const run = runs[i];
        return run ? [{ laps: [{ part: 'run', start, ms }], runs: [{ nodes, sizes: open, run }] }] : [];
      });
      return new StepProfile({
        steps: recorded.slice(warmup),
        warmup,
        plainMs,
        placeOf,
        engine: runner.description,
        processBytes,
        stateBytes: 0,
        matrixRate: await matrixRate(runner),
      });
    } finally {
      await watched.release();
    }
  } finally {
    await plain.release();
  }
}

/** The model with nodes that are known, as far as its operators are. */
function readable(model: Uint8Array, { runs }: Executor): { bytes: Uint8Array; nodes: ReadonlyMap<string, Node> } {
  const nodes = new Map<string, Node>();
  try {
    const { graph } = importGraph(model);
    return { bytes: exportGraph(graph, { runs, named: (name, node) => void nodes.set(name, node) }), nodes };
  } catch (e) {
    if (StratusError.is(e) && e.code === 'unsupported-ops') return { bytes: model, nodes: new Map() };
    throw e;
  }
}

/** The sizes of all axes that are open. Errors: `bad-value` for one that has none. */
function openSizes(ports: readonly Port[], batchSize: number, given: Readonly<Record<string, number>>): Map<string, number> {
  const sizes = new Map(Object.entries(given));
  for (const { shape } of ports) if (typeof shape[0] === 'string' && !sizes.has(shape[0])) sizes.set(shape[0], batchSize);
  for (const { name, shape, anyRank } of ports) {
    const missing = shape.find((size) => typeof size === 'string' && !sizes.has(size));
    if (anyRank || missing !== undefined)
      throw fail('bad-value', {
        what: 'profileModel',
        at: name,
        got: anyRank ? 'an input with any number of axes' : `no size for the axis '${missing}'`,
        want: 'a size for every axis',
        ...(!anyRank && { fix: `Give sizes: { ${missing}: 16 }; on the command line --size ${missing}=16.` }),
      });
  }
  return sizes;
}

const feedsOf = (ports: readonly Port[], sizes: ReadonlyMap<string, number>): Tensors =>
  Object.fromEntries(
    ports.map(({ name, shape, dtype }) => [
      name,
      zeros(
        shape.map((size) => (typeof size === 'string' ? sizes.get(size)! : size)),
        dtype,
      ),
    ]),
  );

async function timed(
  program: Program,
  feeds: Tensors,
  count: number,
): Promise<{ readonly start: number; readonly ms: number }[]> {
  const times = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await program.run(feeds);
    times.push({ start, ms: performance.now() - start });
  }
  return times;
}
