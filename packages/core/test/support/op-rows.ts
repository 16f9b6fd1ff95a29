// The case tables of all ops as rows with numbers in them: what the golden values are made of, and what the tests run.
import type { Op } from '../../src/graph/index.ts';
import type { OpCase } from '../../src/ops/index.ts';
import * as ops from '../../src/ops/index.ts';
import {
  type DType,
  dtypes,
  isStatic,
  type Nested,
  randomKey,
  saltOf,
  sizeOf,
  tensor,
  uniformAt,
} from '../../src/tensor/index.ts';

/** One input with its numbers. 'float': the float type under test. */
export interface RowInput {
  readonly dtype: DType | 'float';
  readonly shape: readonly number[];
  readonly values: readonly number[];
  /** Numbers that the table gives stand at kinks and edges: PyTorch judges there, not central differences. */
  readonly given: boolean;
}

/** A case with all its inputs. */
export interface Row {
  /** Unique: the op's name, the case's name or number, the number of the drawn shape. */
  readonly id: string;
  readonly op: string;
  readonly case: OpCase;
  readonly inputs: readonly RowInput[];
}

type Exports = Readonly<Record<string, unknown>>;
// Sorted, because a bundler may list exports in another order than Node.
const exported = (suffix: string): [string, unknown][] =>
  Object.entries(ops as Exports)
    .flatMap(([name, value]): [string, unknown][] => (name.endsWith(suffix) ? [[name.slice(0, -suffix.length), value]] : []))
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The case tables, by the name of their op. */
export const caseTables = exported('Cases') as readonly [string, readonly OpCase[]][];
/** What was defined with defineOp, by the name of the export. */
export const emitters = exported('Op').map(([name, emit]) => [name, (emit as { readonly op: Op }).op] as const);

const anyShapes = [[2, 3], [], [1, 4, 2]];
const broadcastShapes = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[], [2, 2]],
  [
    [4, 1, 2],
    [3, 1],
  ],
];

/** Numbers with four decimals from `domain`, the same ones for the same text. */
export function draw(text: string, shape: readonly number[], [low, high]: readonly [number, number] = [-2, 2]): number[] {
  const key = randomKey(saltOf(text));
  return Array.from({ length: sizeOf(shape) }, (_, i) => Math.round((low + (high - low) * uniformAt(key, i)) * 1e4) / 1e4);
}

function rowInput(text: string, given: OpCase['ins'][number], domain: OpCase['domain']): RowInput {
  const input = Array.isArray(given)
    ? { shape: given as readonly number[] }
    : (given as Exclude<typeof given, readonly unknown[] | string>);
  if (typeof input === 'string' || !isStatic(input.shape ?? [])) throw new TypeError(`${text}: sizes of cases are numbers`);
  const dtype = input.dtype ?? 'float';
  if (input.values !== undefined) {
    const { shape, data } = tensor(input.values as Nested, { dtype: 'float64' });
    return { dtype, shape, values: [...data], given: true };
  }
  const shape = input.shape ?? [];
  const drawn = draw(text, shape, input.domain ?? domain);
  const values =
    dtype === 'bool'
      ? drawn.map((v) => Number(v > 0))
      : dtype === 'float' || dtypes[dtype].kind === 'float'
        ? drawn
        : drawn.map(Math.floor);
  return { dtype, shape, values, given: false };
}

/** The row of a case with these inputs. */
export const rowOf = (
  id: string,
  op: string,
  { ins, of }: { readonly ins: readonly OpCase['ins'][number][]; readonly of: OpCase },
): Row => ({
  id,
  op,
  case: of,
  inputs: ins.map((input, i) => rowInput(`${id}/${i}`, input, of.domain)),
});

/** Every case of every op, with drawn or given numbers. */
export const rows: readonly Row[] = caseTables.flatMap(([op, cases]) =>
  cases.flatMap((of, i) => {
    const id = `${op}/${of.name ?? i}`;
    if (of.ins === 'any') return anyShapes.map((shape, j) => rowOf(`${id}/${j}`, op, { ins: [shape], of }));
    if (of.ins === 'broadcast') return broadcastShapes.map((ins, j) => rowOf(`${id}/${j}`, op, { ins, of }));
    return [rowOf(id, op, { ins: of.ins as readonly OpCase['ins'][number][], of })];
  }),
);
