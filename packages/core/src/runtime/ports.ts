import { fail } from '../errors.ts';
import { lookUp, nearest } from '../suggest.ts';
import {
  type DType,
  dtypes,
  isStatic,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
  type TypedArray,
} from '../tensor/index.ts';
import type { Port, RunOptions, Tensors } from './executor.ts';
import { type NamedRowUpdate, wireRows } from './row-updates.ts';

/** Sizes that are known only at run time, by name. */
export type Sizes = Map<string, number>;

/** Where an input comes from, and where an output goes: what a run's options come down to. */
export interface Wiring {
  readonly inputs: readonly { readonly port: Port; readonly held: boolean }[];
  readonly outputs: readonly { readonly port: Port; readonly update: string | undefined; readonly fetch: boolean }[];
  readonly rowUpdates: readonly NamedRowUpdate[];
}

const byName = (ports: readonly Port[]): Record<string, Port> => Object.fromEntries(ports.map((port) => [port.name, port]));

/** A port as ONNX Runtime describes it. Errors: `bad-graph`, `dtype-mismatch`. */
export function portOf(
  side: 'input' | 'output',
  name: string,
  dtype: DType | undefined,
  shape: readonly (number | string)[],
  anyRank = false,
): Port {
  if (dtype === undefined) {
    throw fail('dtype-mismatch', {
      what: `the model's ${side} '${name}'`,
      got: 'an element type that does not cross the engine boundary',
      want: Object.keys(dtypes).join(', '),
      fix: 'Add a Cast at the edge of the model.',
    });
  }
  // A size without a name equals no other size, so it gets a name of its own.
  const named = shape.map((d, axis) =>
    typeof d === 'string' ? d || `${name}_${axis}` : d >= 0 && d < 2 ** 32 - 1 ? d : `${name}_${axis}`,
  );
  return anyRank ? { name, dtype, shape: [], anyRank } : { name, dtype, shape: named };
}

/** The error for a port that is a sequence, a map or another thing that is no tensor. */
export const noTensor = (side: 'input' | 'output', name: string) =>
  fail('bad-graph', {
    what: `the model's ${side} '${name}'`,
    got: 'a sequence, map or optional value',
    want: 'a tensor',
    fix: 'Export the model without it (for scikit-learn: zipmap=False).',
  });

const tags = new Map(
  (Object.keys(dtypes) as DType[]).map((d) => [d, Object.prototype.toString.call(dtypes[d].make(0)).slice(8, -1)]),
);

/**
 * Makes sure that a tensor is what it says: the right array, as many elements as its shape. Tensors may come from other copies
 * of the package or be made by hand, and the engine reads memory without asking. Errors: `dtype-mismatch`, `bad-value`.
 */
export function checkTensor(what: string, tensor: Tensor): void {
  if (typeof tensor !== 'object' || tensor === null) {
    throw fail('bad-value', { what, got: typeof tensor, want: 'a tensor', fix: 'Make one with tensor([...]).' });
  }
  const { dtype, shape, data } = tensor;
  const want = tags.get(dtype);
  const got = Object.prototype.toString.call(data).slice(8, -1);
  if (want === undefined || got !== want) {
    throw fail('dtype-mismatch', { what, got: `${String(dtype)} over ${got}`, want: want ?? Object.keys(dtypes).join(', ') });
  }
  if (!Array.isArray(shape) || !shape.every((d) => Number.isInteger(d) && d >= 0) || data.length !== sizeOf(shape)) {
    throw fail('bad-value', {
      what,
      got: `${data.length} elements for shape ${Array.isArray(shape) ? showShape(shape) : String(shape)}`,
      want: 'as many elements as the sizes multiply to',
      ...(data.length === 0 && { fix: 'The memory may have been transferred to another thread: pass a copy.' }),
    });
  }
}

const named = (side: string, port: Port): string => `${side} '${port.name}'`;

const fits = (port: Port, shape: Shape, sizes: Sizes): boolean => {
  if (port.anyRank) return true;
  if (port.shape.length !== shape.length) return false;
  return port.shape.every((d, axis) => {
    const size = shape[axis];
    if (typeof d === 'number' || typeof size !== 'number') return d === size;
    const known = sizes.get(d);
    if (known === undefined) sizes.set(d, size);
    return known === undefined || known === size;
  });
};

/** Makes sure that a tensor fits an input, and notes the sizes it gives. Errors: `dtype-mismatch`, `shape-mismatch`. */
export function checkInput(port: Port, tensor: Pick<Tensor, 'dtype' | 'shape'>, sizes: Sizes): void {
  if (tensor.dtype !== port.dtype) {
    throw fail('dtype-mismatch', {
      what: named('input', port),
      got: tensor.dtype,
      want: port.dtype,
      fix: `Make the tensor with { dtype: '${port.dtype}' }.`,
    });
  }
  if (!fits(port, tensor.shape, sizes)) {
    const known = port.shape.flatMap((d) => (typeof d === 'string' && sizes.has(d) ? [`${d} = ${sizes.get(d)}`] : []));
    throw fail('shape-mismatch', {
      what: named('input', port),
      got: showShape(tensor.shape),
      want: `${showShape(port.shape)}${known.length > 0 ? ` with ${known.join(', ')}` : ''}`,
    });
  }
}

/** The shape of an output where the sizes are known, undefined where only the run can tell. */
export function knownShape(port: Port, sizes: Sizes): readonly number[] | undefined {
  if (port.anyRank) return undefined;
  const shape = port.shape.map((d) => (typeof d === 'string' ? sizes.get(d) : d));
  return shape.includes(undefined) ? undefined : (shape as number[]);
}

/** Who gives each input and what becomes of each output. Errors: `unknown-name`, `bad-value`, `dtype-mismatch`, `shape-mismatch`. */
export function wire(
  program: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] },
  feeds: readonly string[],
  held: Readonly<Record<string, Pick<Tensor, 'dtype' | 'shape'>>> | undefined,
  { updates = {}, rowUpdates = {}, fetch }: RunOptions,
): Wiring {
  const inputs = byName(program.inputs);
  const outputs = byName(program.outputs);
  for (const name of feeds) lookUp('input', inputs, name);
  const targets = new Map<string, string>();
  for (const [output, target] of Object.entries(updates)) {
    const port = lookUp('output', outputs, output);
    if (!held) {
      throw fail('bad-value', {
        what: 'run({ updates })',
        got: `an update of '${target}', but nothing is held`,
        want: 'the tensors to update',
        fix: 'Pass { held } as well.',
      });
    }
    const old = lookUp('held tensor', held, target);
    if ([...targets.values()].includes(target)) {
      throw fail('bad-value', {
        what: 'run({ updates })',
        got: `two outputs for '${target}'`,
        want: 'one output for each held tensor',
      });
    }
    if (port.dtype !== old.dtype) {
      throw fail('dtype-mismatch', {
        what: `the update of '${target}' by the output '${output}'`,
        got: port.dtype,
        want: old.dtype,
      });
    }
    if (!port.anyRank && isStatic(port.shape) && !sameShape(port.shape, old.shape)) {
      throw fail('shape-mismatch', {
        what: `the update of '${target}' by the output '${output}'`,
        got: showShape(port.shape),
        want: showShape(old.shape),
      });
    }
    targets.set(output, target);
  }
  const byRows = wireRows(rowUpdates, { outputs, held, targets });
  const ofRows = new Set(byRows.flatMap(({ rows, values }) => [rows, values]));
  for (const name of fetch ?? []) lookUp('output', outputs, name);
  if (fetch?.length === 0 && targets.size === 0 && byRows.length === 0)
    throw fail('bad-value', { what: 'run({ fetch })', got: 'no output', want: 'at least one output, or an update' });
  return {
    inputs: program.inputs.map((port) => {
      if (feeds.includes(port.name)) return { port, held: false };
      if (held && Object.hasOwn(held, port.name)) return { port, held: true };
      const similar = nearest(port.name, Object.keys(held ?? {}));
      throw fail('bad-value', {
        what: 'run()',
        got: `no tensor for the input '${port.name}'`,
        want: `a tensor for each of ${program.inputs.map((p) => p.name).join(', ')}`,
        ...(similar && { fix: `A tensor named '${similar}' is held: did you mean that?` }),
      });
    }),
    outputs: program.outputs.flatMap((port) => {
      const update = targets.get(port.name);
      const fetched = fetch ? fetch.includes(port.name) : update === undefined && !ofRows.has(port.name);
      return fetched || update !== undefined || ofRows.has(port.name) ? [{ port, update, fetch: fetched }] : [];
    }),
    rowUpdates: byRows,
  };
}

/** Makes sure that tensors may be held. Errors: `dtype-mismatch`, `bad-value`. */
export function checkHoldable(tensors: Tensors): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    checkTensor(`the held tensor '${name}'`, tensor);
    if (tensor.dtype === 'string')
      throw fail('dtype-mismatch', { what: `the held tensor '${name}'`, got: 'string', want: 'numbers or bool' });
  }
}

/** Makes sure that `tensors` may overwrite what is held. Errors: `unknown-name`, `dtype-mismatch`, `shape-mismatch`. */
export function checkWrite(held: Readonly<Record<string, Pick<Tensor, 'dtype' | 'shape'>>>, tensors: Tensors): void {
  for (const [name, tensor] of Object.entries(tensors)) {
    const what = `the held tensor '${name}'`;
    const old = lookUp('held tensor', held, name);
    checkTensor(what, tensor);
    if (tensor.dtype !== old.dtype) throw fail('dtype-mismatch', { what, got: tensor.dtype, want: old.dtype });
    if (!sameShape(tensor.shape, old.shape))
      throw fail('shape-mismatch', { what, got: showShape(tensor.shape), want: showShape(old.shape) });
  }
}

/** A copy that nobody else can see; also of shared memory. */
export function copyOf(dtype: DType, data: TypedArray): TypedArray {
  // Not slice(): that of a Buffer shares its memory.
  const copy = dtypes[dtype].make(data.length) as Float32Array;
  copy.set(data as Float32Array);
  return copy;
}
