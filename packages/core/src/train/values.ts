import { fail } from '../errors.ts';
import { isTensor, sameShape, showShape, sizeOf, Tensor, tensor, zeros, isFloat, type DType, type Nested, type Shape, type TypedArray } from '../tensor/index.ts';

/** Numbers as callers have them: a tensor, or nested lists. */
export type TensorLike = Tensor | Nested;
/** For a model with one input (or output), the numbers; for several, by name or in order. */
export type TensorSet = TensorLike | Readonly<Record<string, TensorLike>>;

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
}

const isRecord = (set: TensorSet): set is Readonly<Record<string, TensorLike>> =>
  typeof set === 'object' && !Array.isArray(set) && !isTensor(set);

/** Sorts what a caller gave to the slots of a model, checked. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`, `label-range`. */
export function columnsFor(slots: readonly Slot[], given: TensorSet): Record<string, Tensor> {
  const byName: Readonly<Record<string, TensorLike>> = isRecord(given)
    ? given
    : slots.length === 1
      ? { [slots[0]!.name]: given }
      : failToSort(slots, given);
  const strange = Object.keys(byName).find((name) => !slots.some((slot) => slot.name === name));
  if (strange !== undefined)
    throw fail('bad-value', {
      what: slots[0]?.role ?? 'input',
      got: `the name '${strange}'`,
      want: slots.map((slot) => `'${slot.name}'`).join(', '),
    });
  const columns: Record<string, Tensor> = {};
  for (const slot of slots) {
    const value = byName[slot.name];
    if (value === undefined)
      throw fail('bad-value', { what: slot.role, at: slot.name, got: 'nothing', want: `a tensor of shape ${showShape(slot.shape)}` });
    columns[slot.name] = fitColumn(slot, isTensor(value) ? value : tensor(value, natural(slot, value)));
  }
  const lengths = new Set(Object.values(columns).map((column) => column.shape[0]!));
  if (lengths.size > 1)
    throw fail('shape-mismatch', { what: slots[0]!.role, got: `${[...lengths].join(' and ')} samples`, want: 'as many in each', fix: 'Check how the data was cut.' });
  return columns;
}

const failToSort = (slots: readonly Slot[], given: unknown): never => {
  throw fail('bad-value', {
    what: slots[0]?.role ?? 'input',
    got: Array.isArray(given) ? 'a list' : 'one tensor',
    want: `tensors by name: { ${slots.map((slot) => slot.name).join(', ')} }`,
  });
};

// Nested lists have no dtype of their own: they take the slot's.
const natural = (slot: Slot, value: Nested): { dtype?: DType } => {
  let first: unknown = value;
  while (Array.isArray(first)) first = first[0];
  return typeof first === 'string' ? {} : { dtype: isFloat(slot.dtype) || Number.isInteger(Number(first)) ? slot.dtype : 'float32' };
};

/** One column in the shape of its slot. Conversions that lose nothing happen when a batch is put together. */
function fitColumn(slot: Slot, column: Tensor): Tensor {
  checkDtype(slot, column);
  const sample = slot.shape.slice(1);
  const fits = column.shape.length === slot.shape.length && sample.every((d, i) => typeof d === 'string' || d === column.shape[i + 1]);
  let fitted = column;
  if (!fits) {
    // A missing or extra axis of size 1 (labels as [n] or [n, 1]) is what people mean; anything else is a mistake.
    const squeezed = (shape: Shape): Shape => shape.filter((d, i) => i === 0 || d !== 1);
    if (column.shape.length === 0 || !sample.every((d) => typeof d === 'number') || !sameShape(squeezed(column.shape).slice(1), squeezed(slot.shape).slice(1)))
      throw fail('shape-mismatch', {
        what: slot.role,
        at: slot.name,
        got: showShape(column.shape),
        want: showShape(slot.shape),
        fix: adviseShape(slot, column.shape),
      });
    fitted = column.reshape([column.shape[0]!, ...(sample as readonly number[])]);
  }
  if (slot.classes !== undefined) checkLabels(slot, fitted);
  return fitted;
}

function adviseShape(slot: Slot, got: readonly number[]): string {
  const want = slot.shape.slice(1);
  const one = sizeOf(got.slice(1));
  if (!want.every((d) => typeof d === 'number')) return 'Reshape the data.';
  if (sameShape(got, want)) return 'One sample still needs a batch axis in front: x.reshape([1, ...x.shape]).';
  if (one === sizeOf(want as readonly number[])) return `Reshape the data to [${got[0]}, ${want.join(', ')}], or begin the model with input({ shape: [${got.slice(1).join(', ')}] }) and flatten().`;
  return `Give samples of shape [${want.join(', ')}], or begin the model with input({ shape: [${got.slice(1).join(', ')}] }).`;
}

function checkDtype(slot: Slot, { dtype, data }: Tensor): void {
  if (dtype === slot.dtype) return;
  const numeric = dtype !== 'string' && slot.dtype !== 'string' && dtype !== 'float16' && slot.dtype !== 'float16';
  const whole = slot.classes !== undefined && isFloat(dtype) && (data as Float32Array).every(Number.isInteger);
  if (numeric && (isFloat(slot.dtype) || !isFloat(dtype) || whole)) return;
  throw fail('dtype-mismatch', {
    what: slot.role,
    at: slot.name,
    got: dtype,
    want: slot.dtype,
    fix: numeric ? `Convert it: tensor(x.data.map(Math.round), { dtype: '${slot.dtype}', shape: x.shape }), or declare the input as ${dtype}.` : 'Encode it as numbers first.',
  });
}

/** Whole-number labels must name a class. */
function checkLabels({ classes, name }: Slot, { data }: Tensor): void {
  for (let i = 0; i < data.length; i++) {
    const label = Number(data[i]);
    if (!(label >= 0 && label < classes! && Number.isInteger(label)))
      throw fail('label-range', { got: `${label} (at position ${i})`, classes: classes!, at: name });
  }
}

/** Copies `count` rows of `column` (by `order`, from `start`) into the buffer of a batch, converting as need be. */
export function copyRows(column: Tensor, order: Uint32Array | undefined, start: number, count: number, into: Tensor): void {
  const width = column.shape[0] ? column.size / column.shape[0] : 0;
  if (column.dtype === 'string') {
    const [from, to] = [column.data as string[], into.data as string[]];
    for (let r = 0; r < count; r++) for (let i = 0; i < width; i++) to[r * width + i] = from[(order ? order[start + r]! : start + r) * width + i]!;
    return;
  }
  const source = column.data as TypedArray;
  const target = into.data as TypedArray;
  const mixed = source instanceof BigInt64Array !== target instanceof BigInt64Array || source instanceof BigUint64Array !== target instanceof BigUint64Array;
  if (!order && !mixed) {
    (target as Float32Array).set((source as Float32Array).subarray(start * width, (start + count) * width));
    return;
  }
  for (let r = 0; r < count; r++) {
    const row = (order ? order[start + r]! : start + r) * width;
    if (mixed) for (let i = 0; i < width; i++) setElement(target, r * width + i, source[row + i]!);
    else if (width === 1) (target as Float32Array)[r] = (source as Float32Array)[row]!;
    else (target as Float32Array).set((source as Float32Array).subarray(row, row + width), r * width);
  }
}

const setElement = (target: TypedArray, i: number, value: number | bigint): void => {
  if (target instanceof BigInt64Array || target instanceof BigUint64Array) target[i] = BigInt(value);
  else target[i] = Number(value);
};

/** An empty batch of a slot. */
export const batchBuffer = (slot: Slot, sample: readonly number[], size: number): Tensor => zeros([size, ...sample], slot.dtype);
