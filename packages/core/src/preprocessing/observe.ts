import { type ColumnSummary, columnSummary } from '../data/index.ts';
import { fail } from '../errors.ts';
import { type DType, isTensor, sameShape, type TypedArray, tensor } from '../tensor/index.ts';
import type { Values } from './form.ts';
import type { FieldKind } from './read-values.ts';

/** What a field turned out to be. */
export interface Observed {
  readonly kind: FieldKind;
  readonly dtype?: DType;
  readonly shape?: readonly number[];
  /** Of lists: how many different numbers there can be. */
  readonly size?: number;
  /** Of what stands alone: how it is written. */
  readonly scalar?: 'number' | 'text' | 'boolean';
  /** Whether an empty text stood for what is missing. */
  readonly empty?: boolean;
  /** Whether its numbers were 0 and 1 alone, as tables have true and false. */
  readonly flag?: boolean;
}

/** What a field's first step wants to read. */
export type Reads = 'number' | 'text' | 'scalar' | 'bytes' | 'list' | undefined;

/** Looks at all values of a field of the training data: what they are, and their statistics. */
export class FieldObserver {
  readonly field: string;
  readonly #wanted: Reads;
  readonly summary: ColumnSummary = columnSummary();
  #hasEmpty = false;
  #lists: { dtype: DType; shape: readonly number[]; even: boolean; most: number } | undefined;

  constructor(field: string, wanted: Reads) {
    this.field = field;
    this.#wanted = wanted;
  }

  add(values: Values): void {
    if (this.#wanted === 'bytes') return;
    const first = Array.prototype.find.call(values, (value) => value !== null && value !== undefined) as unknown;
    if (typeof first !== 'object' || first instanceof Date) {
      if (!this.#hasEmpty && !ArrayBuffer.isView(values)) this.#hasEmpty = Array.prototype.includes.call(values, '');
      this.summary.addAll(values);
      return;
    }
    for (let i = 0; i < values.length; i++) this.#addList(values[i]);
  }

  #addList(value: unknown): void {
    if (value === null || value === undefined) return;
    const isNumbers = Array.isArray(value) && value.flat(Number.POSITIVE_INFINITY).every((x) => typeof x === 'number');
    if (!isTensor(value) && !ArrayBuffer.isView(value) && !isNumbers)
      throw fail('bad-value', {
        what: 'field',
        at: this.field,
        got: 'an object',
        want: 'a text, a number, a list of numbers, a tensor',
      });
    const own = isTensor(value) ? value : tensor(value as TypedArray);
    const dtype = Array.isArray(value) ? 'float32' : own.dtype;
    this.#lists ??= { dtype, shape: own.shape, even: true, most: 0 };
    if (!sameShape(own.shape, this.#lists.shape) && own.size > 0) this.#lists.even = false;
    if (own.size === 0) this.#lists.even = false;
    if (own.shape.length === 1) for (const x of own.data) if (Number(x) > this.#lists.most) this.#lists.most = Number(x);
  }

  /** What the field is for steps that want to read it so. Errors: `bad-value` for a field that no record has. */
  done(wanted: Reads): Observed {
    const { summary } = this;
    if (wanted === 'bytes') return { kind: 'bytes' };
    if (this.#lists) {
      const { dtype, shape, even, most } = this.#lists;
      return even && wanted !== 'list' ? { kind: 'tensor', dtype, shape } : { kind: 'list', size: most + 1 };
    }
    if (summary.count === 0)
      throw fail('bad-value', {
        what: 'field',
        at: this.field,
        got: 'nothing in any record',
        want: 'values',
        fix: 'Check its name, or leave it out.',
      });
    const { kind } = summary;
    const scalar = kind === 'number' || kind === 'boolean' ? kind : 'text';
    // Where numbers and texts are mixed, reading them as numbers names the first that is none.
    const own = kind === 'text' ? 'text' : kind === 'date' ? 'scalar' : 'number';
    const chosen = wanted ?? own;
    const { missing, minimum, maximum, integers } = summary;
    return {
      kind: chosen,
      scalar,
      ...(chosen === 'scalar' && this.#hasEmpty && missing === 0 && { empty: true }),
      ...(scalar === 'number' && integers && minimum >= 0 && maximum <= 1 && { flag: true }),
      ...(chosen === 'number' && { dtype: precisionOf(summary) }),
    };
  }
}

/** float32 holds 24 bits: of what is large, or varies little for its size, too much would be lost before it is scaled. */
function precisionOf({ kind, minimum, maximum, standardDeviation }: ColumnSummary): 'float32' | 'float64' {
  if (kind !== 'number') return 'float32';
  const size = Math.max(Math.abs(minimum), Math.abs(maximum));
  const tiny = size > 0 && size < 1e-30;
  const fine = standardDeviation > 0 && (standardDeviation < 1e-30 || size / standardDeviation > 1e4);
  return size >= 2 ** 24 || tiny || fine ? 'float64' : 'float32';
}
