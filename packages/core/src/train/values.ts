import { fail } from '../errors.ts';
import { lookUp } from '../suggest.ts';
import {
  type DType,
  dtypes,
  isFloat,
  isTensor,
  type Nested,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  type Tensor,
  type TypedArray,
  tensor,
  zeros,
} from '../tensor/index.ts';

/** Numbers as callers have them: a tensor, nested lists, or a typed array for one number a sample. */
export type TensorLike = Tensor | Nested | TypedArray;
/** For a model with one input (or output), the numbers; for several, by name, or a list in their order. */
export type TensorSet = TensorLike | readonly TensorLike[] | Readonly<Record<string, TensorLike>>;

/** Something that is fed under a name: an input of the model, or the target of an output. */
export interface Slot {
  readonly name: string;
  /** 'input' or 'target', for errors. */
  readonly role: string;
  readonly dtype: DType;
  /** With the batch axis first. */
  readonly shape: Shape;
  /** Of whole-number labels: how many classes there are. */
  readonly classes?: number | undefined;
  /** A label besides the classes, which counts nothing. */
  readonly ignored?: number | undefined;
}

/** Sorts what a caller gave to the slots of a model, checked. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`, `label-range`. */
export function columnsFor(slots: readonly Slot[], given: TensorSet | undefined): Record<string, Tensor> {
  const byName = sorted(slots, given);
  const columns: Record<string, Tensor> = {};
  for (const slot of slots) {
    const value = byName.get(slot.name);
    if (value === undefined || value === null)
      throw fail('bad-value', {
        what: slot.role,
        at: slot.name,
        got: 'nothing',
        want: `a tensor of shape ${showShape(slot.shape)}`,
      });
    columns[slot.name] = fitColumn(slot, tensorOf(slot, value));
  }
  const lengths = new Set(Object.values(columns).map((column) => column.shape[0]!));
  if (lengths.size > 1)
    throw fail('shape-mismatch', {
      what: slots[0]!.role,
      got: `${[...lengths].join(' and ')} samples`,
      want: 'as many in each',
      fix: 'Check how the data was cut.',
    });
  return columns;
}

const isNumbers = (given: unknown): given is TensorLike =>
  typeof given !== 'object' || given === null || Array.isArray(given) || isTensor(given) || ArrayBuffer.isView(given);

function sorted(slots: readonly Slot[], given: TensorSet | undefined): ReadonlyMap<string, TensorLike | undefined> {
  if (!isNumbers(given)) {
    const known = Object.fromEntries(slots.map(({ name }) => [name, true]));
    for (const name of Object.keys(given!)) lookUp(slots[0]?.role ?? 'input', known, name);
    return new Map(Object.entries(given!));
  }
  // With several slots a list can only mean one after another; with one, it does where it holds tensors.
  if (Array.isArray(given) && given.length === slots.length && (slots.length > 1 || isTensor(given[0])))
    return new Map(slots.map(({ name }, i) => [name, given[i] as TensorLike]));
  if (slots.length === 1) return new Map([[slots[0]!.name, given]]);
  throw fail('bad-value', {
    what: slots[0]?.role ?? 'input',
    got: Array.isArray(given) ? `a list of ${given.length}` : given === undefined || given === null ? 'nothing' : 'one tensor',
    want: `tensors by name: { ${slots.map((slot) => slot.name).join(', ')} }, or ${slots.length} in this order`,
  });
}

/** Lists have no dtype of their own: they take the slot's, or one that holds their numbers exactly until they are checked. */
function tensorOf(slot: Slot, value: TensorLike): Tensor {
  if (isTensor(value)) return value;
  if (ArrayBuffer.isView(value)) return tensor(value);
  let first: unknown = value;
  while (typeof first === 'object' && first !== null) first = (first as ArrayLike<unknown>)[0];
  if (typeof first === 'string') return tensor(value, { dtype: 'string' });
  if (typeof first === 'bigint') return tensor(value, { dtype: 'int64' });
  return tensor(value, { dtype: isFloat(slot.dtype) ? slot.dtype : 'float64' });
}

/** One column in the shape of its slot. Conversions happen when a batch is put together; that they lose nothing is checked here. */
function fitColumn(slot: Slot, column: Tensor): Tensor {
  checkDtype(slot, column);
  const shape = fittingShape(slot.shape, column.shape);
  if (!shape) {
    const [got, want] = [showShape(column.shape), showShape(slot.shape)];
    throw fail('shape-mismatch', { what: slot.role, at: slot.name, got, want, fix: adviseShape(slot, column.shape) });
  }
  const fitted = sameShape(shape, column.shape) ? column : column.reshape(shape);
  if (slot.classes !== undefined) checkLabels(slot, fitted);
  return fitted;
}

/**
 * The shape that a column takes in its slot. A missing or extra axis of size 1 (labels as [n] or [n, 1]) is what people mean;
 * anything else is a mistake.
 */
function fittingShape(slot: Shape, got: readonly number[]): readonly number[] | undefined {
  if (got.length === 0) return undefined;
  // Axis by axis; where two do not fit, one of size 1 may be dropped here or put in there.
  const fit = (own: readonly number[], sample: Shape): number[] | undefined => {
    const [[size, ...others], [want, ...rest]] = [own, sample];
    if (size === undefined && want === undefined) return [];
    const same =
      size !== undefined && want !== undefined && (typeof want === 'string' || want === size) ? fit(others, rest) : undefined;
    if (same) return [size!, ...same];
    const dropped = size === 1 ? fit(others, sample) : undefined;
    if (dropped) return dropped;
    const added = want === 1 ? fit(own, rest) : undefined;
    return added && [1, ...added];
  };
  const sample = fit(got.slice(1), slot.slice(1));
  return sample && [got[0]!, ...sample];
}

function adviseShape(slot: Slot, got: readonly number[]): string {
  const want = slot.shape.slice(1);
  const [one, own] = [sizeOf(got.slice(1)), got.slice(1).join(', ')];
  if (!want.every((d) => typeof d === 'number')) return 'Reshape the data.';
  if (got.length === want.length && want.every((d, i) => d === got[i]))
    return 'One sample still needs a batch axis in front: x.reshape([1, ...x.shape]).';
  const begin = slot.role === 'input' ? `, or begin the model with input({ shape: [${own}] })` : '';
  if (one === sizeOf(want)) return `Reshape the data to [${got[0]}, ${want.join(', ')}]${begin && `${begin} and flatten()`}.`;
  return `Give samples of shape [${want.join(', ')}]${begin}.`;
}

/** Numbers must be numbers, and whole where the slot is: typed arrays would cut and wrap silently. */
function checkDtype(slot: Slot, { dtype, data }: Tensor): void {
  if (dtype === slot.dtype) return;
  const refuse = (got: string, fix: string) =>
    fail('dtype-mismatch', { what: slot.role, at: slot.name, got, want: slot.dtype, fix });
  if (dtype === 'string') throw refuse(dtype, 'Encode it as numbers first.');
  if (slot.dtype === 'string') throw refuse(dtype, 'Write the numbers as texts first.');
  if (dtype === 'float16' || slot.dtype === 'float16') throw refuse(dtype, `Make the tensor with { dtype: '${slot.dtype}' }.`);
  if (isFloat(slot.dtype)) return;
  const [least, most] = dtypes[slot.dtype].range!;
  const own = dtypes[dtype].range;
  if (own && own[0] >= least && own[1] <= most) return;
  for (const value of data as TypedArray) {
    const x = Number(value);
    if (isFloat(dtype) && !Number.isInteger(x))
      throw refuse(
        `${dtype} with ${x} in it`,
        `Convert it: tensor(x.data.map(Math.round), { dtype: '${slot.dtype}', shape: x.shape }), or declare the ${slot.role} as ${dtype}.`,
      );
    if (x < least || x > most)
      throw refuse(
        `${dtype} with ${x} in it`,
        `It holds ${least} to ${most}: scale the numbers, or declare the ${slot.role} as ${dtype}.`,
      );
  }
}

/** Whole-number labels must name a class. */
function checkLabels({ classes, ignored, name }: Slot, { data }: Tensor): void {
  for (let i = 0; i < data.length; i++) {
    const label = Number(data[i]);
    if (label !== ignored && !(label >= 0 && label < classes! && Number.isInteger(label)))
      throw fail('label-range', { got: `${label} (at position ${i})`, classes: classes!, at: name });
  }
}

/** An empty batch of a slot. */
export const batchBuffer = (slot: Slot, sample: readonly number[], size: number): Tensor => zeros([size, ...sample], slot.dtype);
