import {
  type DType,
  dtypes,
  fail,
  fromFloat16,
  type Manifest,
  type Program,
  StratusError,
  Tensor,
  tensor,
  toFloat16,
  zeros,
} from '@stratus/core';
import type { Servable } from './servable.ts';

type Sample = Manifest['samples'][number];
type Port = Program['inputs'][number];

/** How far the answer to a sample request may be from the saved one, absolute and relative: another processor rounds differently. */
const tolerance = 1e-4;

/** Numbers for comparing. bool and 64-bit integers as well; texts become undefined. */
const numberAt = ({ dtype, data }: Tensor, at: number): number | undefined =>
  dtype === 'string' ? undefined : dtype === 'float16' ? fromFloat16(Number(data[at])) : Number(data[at]);

/** The first element that differs by more than is allowed. */
function difference(got: Tensor, want: Tensor, allowed: (want: number) => number): number | undefined {
  for (let at = 0; at < want.data.length; at++) {
    const [a, b] = [numberAt(got, at), numberAt(want, at)];
    const same =
      a === undefined || b === undefined
        ? got.data[at] === want.data[at]
        : Object.is(a, b) || a === b || Math.abs(a - b) <= allowed(b);
    if (!same) return at;
  }
  return undefined;
}

/** JSON has null where a number was NaN. */
const restored = (value: unknown): unknown => (Array.isArray(value) ? value.map(restored) : (value ?? Number.NaN));
const tensorOf = (values: unknown, dtype: DType): Tensor => tensor(restored(values) as number[], { dtype });

const sampleInputs = (ports: readonly Pick<Port, 'name' | 'dtype'>[], sample: Sample): Record<string, Tensor> =>
  Object.fromEntries(
    ports.flatMap(({ name, dtype }) =>
      Object.hasOwn(sample.inputs, name) ? [[name, tensorOf(sample.inputs[name], dtype)]] : [],
    ),
  );

/** A request that a model answers: its sample request, and else zeros, one where a size is open. */
export function sampleFeeds({ feeds, manifest }: Pick<Servable, 'feeds' | 'manifest'>): Record<string, Tensor> {
  const [sample] = manifest?.samples ?? [];
  if (sample) return sampleInputs(feeds, sample);
  return Object.fromEntries(
    feeds.map(({ name, dtype, dims }) => [
      name,
      zeros(
        dims.map((d) => (typeof d === 'number' ? d : 1)),
        dtype,
      ),
    ]),
  );
}

/**
 * Asks the model its sample request, which also warms it up. Errors: `corrupt` when it answers otherwise than when it was saved;
 * those of `Program.run`.
 */
export async function runSample(program: Program, sample: Sample, file: string): Promise<void> {
  const outputs = await program.run(sampleInputs(program.inputs, sample));
  for (const { name, dtype } of program.outputs) {
    if (!Object.hasOwn(sample.outputs, name)) continue;
    const [got, want] = [outputs[name]!, tensorOf(sample.outputs[name], dtype)];
    const wrong = (what: string) =>
      fail('corrupt', {
        file,
        reason: `it answers its own sample request otherwise than when it was saved (output '${name}': ${what})`,
        fix: 'Save the model again, and check that the file and this version of Stratus belong together.',
      });
    if (got.data.length !== want.data.length) throw wrong(`${got.data.length} elements instead of ${want.data.length}`);
    const at = difference(got, want, (x) => tolerance * Math.max(1, Math.abs(x)));
    if (at !== undefined) throw wrong(`element ${at} is ${numberAt(got, at)} instead of ${numberAt(want, at)}`);
  }
}

/** Sizes that stand in for other axes of unknown size: a sequence or a small image, then an image of the usual size. */
const standIns = [8, 224];
/** Rows of the first of two requests, and of both. */
const [first, all] = [1, 4];
/** Inputs larger than this gain nothing from company, and would make the start slow. */
const mostElements = 2 ** 22;

const isUnknown = (d: number | string | undefined): boolean => typeof d === 'string';

const probeShape = (shape: Port['shape'], size: number): number[] =>
  shape.map((d, axis) => (axis === 0 ? all : typeof d === 'number' ? d : size));
const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);

/** Rows that differ from each other. Small numbers: whole ones are often indices. */
function probe({ name, dtype, shape }: Port, size: number): Tensor {
  const dims = probeShape(shape, size);
  const count = sizeOf(dims);
  const data = dtypes[dtype].make(count);
  let state = 1 + [...name].reduce((n, c) => n + c.charCodeAt(0), 0);
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0; // Numerical Recipes' generator
    const x = state / 2 ** 31 - 1;
    if (dtype === 'string') (data as string[])[at] = x > 0 ? 'a' : 'b';
    else if (dtype === 'int64' || dtype === 'uint64') (data as BigInt64Array)[at] = x > 0 ? 1n : 0n;
    else (data as Float64Array)[at] = dtype === 'float16' ? toFloat16(x) : dtypes[dtype].kind === 'float' ? x : Number(x > 0);
  }
  return new Tensor(dtype, dims, data);
}

async function agree(program: Program, size: number): Promise<boolean> {
  const probes = program.inputs.map((port) => [port.name, probe(port, size)] as const);
  const run = (start: number, end: number) =>
    program.run(Object.fromEntries(probes.map(([name, t]) => [name, t.rows(start, end)])));
  const [together, one, others] = [await run(0, all), await run(0, first), await run(first, all)];
  return program.outputs.every(({ name }) =>
    [[one[name]!, 0, first] as const, [others[name]!, first, all] as const].every(([part, start, end]) => {
      const whole = together[name]!;
      if (whole.shape[0] !== all || part.shape[0] !== end - start || part.data.length * all !== whole.data.length * (end - start))
        return false;
      let largest = 0;
      for (let at = 0; at < whole.data.length; at++) largest = Math.max(largest, Math.abs(numberAt(whole, at) ?? 0) || 0);
      return difference(part, whole.rows(start, end), () => 1e-3 * largest) === undefined;
    }),
  );
}

/**
 * True when rows along the first axis may come from different requests: the model is asked for some rows one by one and together,
 * and must say the same. Names of axes do not tell: in a recurrent model the first may be time.
 */
export async function rowsAreIndependent(program: Program): Promise<boolean> {
  const ports = [...program.inputs, ...program.outputs];
  if (program.inputs.length === 0 || !ports.every((port) => !port.anyRank && isUnknown(port.shape[0]))) return false;
  const open = program.inputs.some((port) => port.shape.slice(1).some(isUnknown));
  for (const size of open ? standIns : [1]) {
    if (program.inputs.some(({ shape }) => sizeOf(probeShape(shape, size)) > mostElements)) return false;
    try {
      return await agree(program, size);
    } catch (e) {
      if (!StratusError.is(e)) throw e; // such sizes or values do not suit it
    }
  }
  return false;
}
