import { fail } from '../errors.ts';
import { type DType, showShape } from '../tensor/index.ts';

/**
 * What the values of a field are at some point of their way from records to a model:
 * - `number`: as JavaScript has them, NaN where one is missing;
 * - `text`, `scalar` (texts, numbers and flags mixed), `bytes` (an encoded image, say): `undefined` where one is missing;
 * - `index`: whole numbers from 0, fewer than `size`;
 * - `list`: lists of such numbers, of any length;
 * - `tensor`: as many numbers for each record.
 */
export type Form =
  | { readonly kind: 'number'; readonly dtype: 'float32' | 'float64' }
  | { readonly kind: 'text' }
  | { readonly kind: 'scalar' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'index'; readonly size: number }
  | { readonly kind: 'list'; readonly size: number }
  | {
      readonly kind: 'tensor';
      readonly dtype: DType;
      /** Of one record. */
      readonly shape: readonly number[];
      /** Where the numbers stand for something: how many different ones there can be. */
      readonly size?: number | undefined;
    };

/** The values of one field of some records. */
export type Values = ArrayLike<unknown>;

/** For messages. */
export function showForm(form: Form): string {
  if (form.kind === 'tensor') return `${form.dtype} ${showShape(form.shape)}`;
  const words = {
    number: 'numbers',
    text: 'texts',
    scalar: 'texts or numbers',
    bytes: 'bytes',
    index: 'numbers of categories',
    list: 'lists of numbers',
  };
  return words[form.kind];
}

/** Errors: `bad-value` where a step cannot take what comes. */
export function needForm<K extends Form['kind']>(
  step: string,
  form: Form,
  kinds: readonly K[],
  fix?: string,
): Extract<Form, { kind: K }> {
  if ((kinds as readonly string[]).includes(form.kind)) return form as Extract<Form, { kind: K }>;
  const want = kinds.map((kind) => ({ tensor: 'tensors' })[kind as string] ?? showForm({ kind } as Form)).join(' or ');
  throw fail('bad-value', { what: step, got: showForm(form), want, ...(fix !== undefined && { fix }) });
}

/** Numbers for each record, and of which dtype: a number is a row of one. */
export function numbersOf(step: string, form: Form): { readonly shape: readonly number[]; readonly dtype: DType } {
  const numbers = needForm(step, form, ['number', 'index', 'tensor'], 'Turn texts into numbers first: categories(), tokenize().');
  if ('shape' in numbers) return { shape: numbers.shape, dtype: numbers.dtype };
  return { shape: [1], dtype: numbers.kind === 'index' ? 'int32' : numbers.dtype };
}
