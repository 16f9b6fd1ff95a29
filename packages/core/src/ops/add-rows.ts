import { fail } from '../errors.ts';
import { constant, ownDomain, type Value } from '../graph/index.ts';
import { dimsDiffer, full, showShape, tensor } from '../tensor/index.ts';
import { add } from './add.ts';
import type { OpCase } from './case.ts';
import { cast, inInt32 } from './cast.ts';
import { defineOp } from './define.ts';
import { equal } from './equal.ts';
import { expand, expandLike } from './expand.ts';
import { less } from './less.ts';
import { matMul } from './mat-mul.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { floating } from './rules.ts';
import { scatterAdd } from './scatter-add.ts';

/** @internal */
export const addRowsOp = defineOp({
  // To a table of `rows` rows, or of as many as `like` has, where only the run can tell.
  type: 'AddRows',
  domain: ownDomain,
  since: 1,
  inputs: ['indices', 'updates'],
  optional: ['like'],
  outputs: ['table'],
  attrs: { rows: { kind: 'int', default: 0 } },
  suits: ({ ins }) => ins[1]!.dtype === 'float32',
  infer({ indices, updates, like }, { rows }) {
    const [count, width] = updates.shape;
    if (indices.shape.length !== 1 || updates.shape.length !== 2 || dimsDiffer(count!, indices.shape[0]!))
      throw fail('shape-mismatch', {
        what: 'AddRows',
        got: `positions ${showShape(indices.shape)} and rows ${showShape(updates.shape)}`,
        want: 'positions [n] and rows [n, width]',
      });
    if (indices.dtype !== 'int64') throw fail('dtype-mismatch', { what: 'AddRows', got: indices.dtype, want: 'int64' });
    if (like && (like.shape.length !== 2 || dimsDiffer(like.shape[1]!, width!)))
      throw fail('shape-mismatch', { what: 'AddRows', got: `like ${showShape(like.shape)}`, want: `[rows, ${width}]` });
    return { table: { dtype: floating('AddRows', updates).dtype, shape: like ? like.shape : [rows, width!] } };
  },
  expand: ({ indices, updates, like }, { rows }) => {
    const zero = constant(full([], 0, updates.dtype));
    if (like) return { table: inOneRow(indices, updates, expandLike(zero, like)) };
    const few = rows <= rowsForProduct;
    return {
      table: few ? byProduct(indices, updates, rows) : inOneRow(indices, updates, expand(zero, [rows, updates.shape[1]!])),
    };
  },
  grad: 'expanded',
});

/** Up to so many rows (a vocabulary of characters) a product with the table of hits is quicker than ScatterElements: measured. */
const rowsForProduct = 128;

/** `hits [rows, n] x updates [n, width]`, where hits is 1 if an update belongs to a row. */
function byProduct(indices: Value, updates: Value, rows: number): Value {
  const given = inInt32(indices); // GPUs compare no others
  const fromStart = add(given, mul(cast(less(given, 0), 'int32'), rows));
  const every = constant(tensor(Int32Array.from({ length: rows }, (_, i) => i)).reshape([rows, 1]));
  return matMul(cast(equal(every, reshape(fromStart, [1, -1])), updates.dtype), updates);
}

/** Of a table ScatterElements goes down each column; in one long row it goes along the rows, which costs a third. */
function inOneRow(indices: Value, updates: Value, zeros: Value): Value {
  const width = updates.shape[1] as number;
  const columns = constant(tensor(Int32Array.from({ length: width }, (_, i) => i)));
  const places = add(mul(reshape(inInt32(indices), [-1, 1]), width), columns);
  return reshape(scatterAdd(reshape(zeros, [-1]), reshape(places, [-1]), reshape(updates, [-1])), zeros.shape);
}

/** @internal */
export const addRowsCases: OpCase[] = [
  {
    name: 'few rows',
    ins: [{ dtype: 'int64', values: [2, 0, 2, -1] }, [4, 3]],
    build: (indices, updates) => addRowsOp({ indices, updates }, { rows: 5 }).table,
    torch: 'torch.zeros(5, 3, dtype=b.dtype).index_add(0, a % 5, b)',
  },
  {
    name: 'many rows',
    ins: [{ dtype: 'int64', values: [200, 0, 200, 7, -1] }, [5, 2]],
    build: (indices, updates) => addRowsOp({ indices, updates }, { rows: 201 }).table,
    torch: 'torch.zeros(201, 2, dtype=b.dtype).index_add(0, a % 201, b)',
  },
  {
    name: 'as many rows as another table has',
    ins: [{ dtype: 'int64', values: [2, 0, 2, 1, 2] }, [5, 3], [4, 3]],
    build: (indices, updates, like) => addRowsOp({ indices, updates, like }).table,
    torch: 'torch.zeros(4, 3, dtype=b.dtype).index_add(0, a, b) + 0 * c',
  },
];
