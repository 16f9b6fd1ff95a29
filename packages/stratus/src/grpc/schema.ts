// What a message of Protocol Buffers consists of, as data: the codec reads it, reflection tells it, the types of TypeScript come of it.

/** Types of single values. */
export type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double' | 'enum';

/** A field: its number, what it holds, and how often. */
export interface Field<T extends Scalar | Schema = Scalar | Schema, M extends Many = Many> {
  readonly id: number;
  readonly type: T;
  readonly many: M;
  /** Of the fields with the same one at most one is there. */
  readonly oneof?: string;
  /** The bytes of a message as they came; of `type` the name alone matters. */
  readonly raw?: boolean;
  /** What the numbers of an enum are called. */
  readonly enumeration?: Enumeration;
}

/** Names of numbers, from 0. */
export interface Enumeration {
  readonly name: string;
  readonly values: readonly string[];
}

type Many = 'one' | 'maybe' | 'list' | 'map';

/** A message: its full name, and its fields by name. */
export interface Schema<F extends Fields = Fields> {
  readonly name: string;
  readonly fields: F;
}

/** Fields by name. */
export type Fields = { readonly [name: string]: Field };

type Single<T> =
  T extends Schema<infer F>
    ? Message<F>
    : T extends 'string'
      ? string
      : T extends 'bytes'
        ? Uint8Array
        : T extends 'bool'
          ? boolean
          : T extends 'int64' | 'uint64'
            ? number | bigint
            : number;

type Value<F> =
  F extends Field<infer T, infer M>
    ? M extends 'list'
      ? readonly Single<T>[]
      : M extends 'map'
        ? ReadonlyMap<string, Single<T>>
        : M extends 'maybe'
          ? Single<T> | undefined
          : Single<T>
    : never;

/** What was read: every field is there, absent ones with their default. */
export type Message<F extends Fields> = { readonly [K in keyof F]: Value<F[K]> };

/** What is written: fields that are not there have their default. */
export type Partly<S> = S extends Schema<infer F> ? { readonly [K in keyof F]?: PartlyValue<F[K]> | undefined } : never;

type PartlySingle<T> = T extends Schema ? Partly<T> : Single<T>;
type PartlyValue<F> =
  F extends Field<infer T, infer M>
    ? M extends 'list'
      ? readonly PartlySingle<T>[]
      : M extends 'map'
        ? ReadonlyMap<string, PartlySingle<T>>
        : PartlySingle<T>
    : never;

/** What is read of a message of this schema. */
export type MessageOf<S> = S extends Schema<infer F> ? Message<F> : never;

export const schema = <F extends Fields>(name: string, fields: F): Schema<F> => ({ name, fields });

/** A field that is always there: a value with its default. */
export const one = <T extends Scalar>(id: number, type: T): Field<T, 'one'> => ({ id, type, many: 'one' });

/** A number that has a name. */
export const named = (id: number, enumeration: Enumeration): Field<'enum', 'one'> => ({
  id,
  type: 'enum',
  many: 'one',
  enumeration,
});

/** A message that may be absent, or a value whose default is written too. */
export const maybe = <T extends Scalar | Schema>(id: number, type: T): Field<T, 'maybe'> => ({ id, type, many: 'maybe' });

/** Values in a row. */
export const list = <T extends Scalar | Schema>(id: number, type: T): Field<T, 'list'> => ({ id, type, many: 'list' });

/** Values by text. */
export const map = <T extends Scalar | Schema>(id: number, type: T): Field<T, 'map'> => ({ id, type, many: 'map' });

/** One of several fields. */
export const choice = <T extends Scalar | Schema>(oneof: string, id: number, type: T): Field<T, 'maybe'> => ({
  id,
  type,
  many: 'maybe',
  oneof,
});

/** A message whose bytes are handed on as they are; of several with the same number the bytes are joined, which is how messages are merged. */
export const unread = (id: number, type: Schema): Field<'bytes', 'maybe'> =>
  ({ id, type, many: 'maybe', raw: true }) as unknown as Field<'bytes', 'maybe'>;
