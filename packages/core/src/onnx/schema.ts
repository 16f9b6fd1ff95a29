import type { Int64 } from './wire.ts';

/** A list of numbers that is packed into one part, with the array that holds it. */
export const packedArrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;
export type PackedKind = keyof typeof packedArrays;
export type PackedArray = InstanceType<(typeof packedArrays)[PackedKind]>;
type ScalarTypes = { int32: number; int64: Int64; float: number; text: string; bytes: Uint8Array };
export type ScalarKind = keyof ScalarTypes;

/** A message as the machinery sees it. */
export type Message = Record<string, unknown>;

/** Fields of no known number, with their tags: kept, so that a newer file loses nothing. */
export interface Extensible {
  readonly unknownFields?: readonly Uint8Array[] | undefined;
}

/** How one field is written. `T` is what it is in TypeScript; it exists for the compiler only. */
export interface Field<T = unknown> {
  readonly id: number;
  readonly repeated: boolean;
  readonly kind: ScalarKind | 'message' | 'packed';
  /** Of a message: what it consists of. A function, because messages nest in themselves. */
  readonly of?: () => Schema;
  readonly packed?: PackedKind;
  readonly value?: T;
}

/** All fields of a message, by name (to write them, ascending) and by number (to read them). */
export interface Schema<M = unknown> {
  readonly fields: readonly (readonly [name: string, field: Field])[];
  readonly byId: ReadonlyMap<number, readonly [name: string, field: Field]>;
  readonly message?: M;
}

type FieldsOf<M> = { readonly [K in Exclude<keyof M, 'unknownFields'>]-?: Field<NonNullable<M[K]>> };

/** Declares a message. A field that its interface has and the table lacks does not compile, nor one of another type. */
export function schema<M extends Extensible>(table: FieldsOf<M>): Schema<M> {
  const fields = Object.entries<Field>(table as Record<string, Field>).sort(([, a], [, b]) => a.id - b.id);
  return { fields, byId: new Map(fields.map((entry) => [entry[1].id, entry])) };
}

export const scalar = <K extends ScalarKind>(id: number, kind: K): Field<ScalarTypes[K]> => ({ id, kind, repeated: false });
export const list = <K extends ScalarKind>(id: number, kind: K): Field<readonly ScalarTypes[K][]> => ({
  id,
  kind,
  repeated: true,
});
export const packed = <K extends PackedKind>(id: number, array: K): Field<InstanceType<(typeof packedArrays)[K]>> => ({
  id,
  kind: 'packed',
  repeated: true,
  packed: array,
});
export const message = <M>(id: number, of: () => Schema<M>): Field<M> => ({ id, kind: 'message', repeated: false, of });
export const messages = <M>(id: number, of: () => Schema<M>): Field<readonly M[]> => ({
  id,
  kind: 'message',
  repeated: true,
  of,
});
