/** What a parameter can be: what runs keep of it. */
export type Value = string | number | boolean;

/** What JSON can say of a domain: `{ logUniform: [1e-5, 0.1] }`. */
export type DomainJson = Readonly<Record<string, unknown>>;

/** The values that a parameter may have, and how a search sees them. A domain declares; the searches ask. */
export interface Domain<out T extends Value = Value> {
  /** As in JSON. */
  readonly kind: string;
  /** The axis that the search moves on. */
  readonly axis: Axis;
  /** Whether a value is one of its. */
  has(value: unknown): boolean;
  /** The value at a place of the axis: any number from 0 to 1, or the number of a choice. */
  at(place: number): T;
  /** The place of a value of its. */
  placeOf(value: Value): number;
  /** Values that stand for all: each one where there are not more than `levels`, else so many, evenly on the axis. */
  levels(levels: number): readonly T[];
  json(): DomainJson;
  /** The parameters and their values under which it is there; undefined where it always is. */
  readonly when?: Readonly<Record<string, readonly Value[]>>;
}

/** From 0 to 1, or some choices without an order. */
export type Axis =
  | {
      readonly is: 'line';
      /** Where the values are steps: the part of the axis that belongs to the value at a place. */
      readonly cell?: (place: number) => readonly [from: number, to: number];
    }
  | { readonly is: 'choices'; readonly count: number };

const clamp = (x: number): number => Math.min(1, Math.max(0, x));

/** A domain of numbers: a scale that goes up, from the axis to numbers and back. */
export function line(
  parts: Pick<Domain<number>, 'kind' | 'has' | 'levels' | 'json'> & {
    readonly toNumber: (place: number) => number;
    readonly toPlace: (value: number) => number;
    readonly cell?: (value: number) => readonly [from: number, to: number];
  },
): Domain<number> {
  const { kind, has, levels, json, toNumber, toPlace, cell } = parts;
  const at = (place: number): number => toNumber(clamp(place));
  return {
    kind,
    has,
    levels,
    json,
    at,
    placeOf: (value) => clamp(toPlace(value as number)),
    axis: cell ? { is: 'line', cell: (place) => cell(at(place)) } : { is: 'line' },
  };
}

/** So many places, evenly from one end to the other. */
export const evenly = (levels: number): number[] =>
  levels === 1 ? [0.5] : Array.from({ length: levels }, (_, i) => i / (levels - 1));
