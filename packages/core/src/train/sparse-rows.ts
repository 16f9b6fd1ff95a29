// Tables of which a batch reads few rows: only these have a gradient, and only these are updated.
import { fail } from '../errors.ts';
import { apply, type Node, type Op, toposort, type Value } from '../graph/index.ts';
import type { Built, Parameter } from '../nn/index.ts';
import { add, addRowsOp, cast, concat, gather, less, mul, reshape } from '../ops/index.ts';
import { productOf } from '../tensor/index.ts';
import type { Plan } from './plan.ts';

/** A parameter whose rows are looked up, and nothing else is done with it. */
export interface SparseTable {
  readonly parameter: Parameter;
  readonly lookUps: readonly Node[];
}

/** The rows of a table that a batch has read. */
export interface ReadRows {
  /** Each once, int32 `[n]`. */
  readonly rows: Value;
  /** The sum of the gradients of all look-ups of a row, `[n, ...]`. */
  readonly gradient: Value;
}

const everything = ({ outputs, updates, penalties }: Built): Value[] => [
  ...Object.values(outputs),
  ...Object.values(updates),
  ...penalties,
];

/** The trainable parameters that are to be updated by rows. Errors: `bad-value` where something else than a look-up reads one. */
export function sparseTables(built: Built): readonly SparseTable[] {
  const wanted = built.parameters.filter(({ sparse, trainable }) => sparse && trainable);
  if (wanted.length === 0) return [];
  const nodes = toposort(everything(built));
  return wanted.flatMap((parameter) => {
    const readers = nodes.filter(({ ins }) => ins.includes(parameter.value));
    const other = readers.find(({ op, ins, attrs }) => !op.readsRows?.(attrs) || ins.indexOf(parameter.value, 1) > 0);
    if (other) throw readAsWhole(parameter, other);
    return readers.length > 0 ? [{ parameter, lookUps: readers }] : [];
  });
}

const readAsWhole = ({ name }: Parameter, { op, path }: Node) =>
  fail('bad-value', {
    what: 'compile',
    got: `the sparse table '${name}', which ${op.type}${path === '' ? '' : ` of '${path}'`} reads as a whole`,
    want: 'a table that is only looked up in, as all of its rows have a gradient else',
    fix: 'Leave out sparse: true; or the regularizer, the constraint or the tied layer that reads all of the table.',
  });

/** Makes sure that what was chosen goes together with tables that are updated by rows. Errors: `bad-value`. */
export function checkSparse(built: Built, plan: Pick<Plan, 'optimizer' | 'accumulation' | 'emaMomentum'>): void {
  for (const { parameter } of sparseTables(built)) {
    const { name } = parameter;
    const { optimizer, accumulation, emaMomentum } = plan;
    const refuse = (got: string, fix: string) =>
      fail('bad-value', {
        what: 'compile',
        got: `${got} with the sparse table '${name}'`,
        want: 'what concerns the rows of one batch alone',
        fix: `${fix}; or make the embedding without sparse: true.`,
      });
    if (accumulation > 1)
      throw refuse(`gradientAccumulationSteps ${accumulation}`, 'Take larger batches (recompute makes room for them)');
    if (emaMomentum !== undefined) throw refuse(`emaMomentum ${emaMomentum}`, 'Leave emaMomentum out');
    if (optimizer.decays(name) && Number(optimizer.config['weightDecay'] ?? 0) !== 0)
      throw refuse(
        `${optimizer.type} with weightDecay ${String(optimizer.config['weightDecay'])}, which moves all rows,`,
        `Exclude the table from it: excludeFromWeightDecay: ['${name}']`,
      );
  }
}

/** ONNX's Unique. Only the run can tell how many there are: `size` stands for that, and belongs to this one node. */
const unique = (size: string): Op => ({
  type: 'Unique',
  domain: '',
  since: 11,
  attrs: { sorted: { kind: 'int', default: 1 } },
  infer: ([x]) => [
    { dtype: x!.dtype, shape: [size] },
    { dtype: 'int64', shape: [size] },
    { dtype: 'int64', shape: x!.shape },
  ],
  gradient: 'zero',
});

/** What the look-ups gave, in the order in which `readRows` wants their gradients. */
export const lookedUp = ({ lookUps }: SparseTable): readonly Value[] => lookUps.map(({ outs }) => outs[0]!);

/** Which rows were read, and their gradients, of the gradients of the look-ups. `index` tells the tables of a graph apart. */
export function readRows({ parameter, lookUps }: SparseTable, gradients: readonly Value[], index: number): ReadRows {
  const { value, shape } = parameter;
  const [count, ...rest] = shape as readonly [number, ...number[]];
  const width = productOf(rest);
  const join = (parts: readonly Value[]): Value => (parts.length === 1 ? parts[0]! : concat([...parts], { axis: 0 }));
  const positions = join(lookUps.map(({ ins }) => cast(reshape(ins[1]!, [-1]), 'int64')));
  const fromStart = add(positions, mul(cast(less(positions, 0), 'int64'), count));
  const [rows, , places] = apply(unique(`rows.${index}`), [fromStart], { sorted: 1 }) as readonly [Value, Value, Value];
  const updates = join(gradients.map((gradient) => reshape(gradient, [-1, width])));
  const read = cast(rows, 'int32'); // whoever writes them counts in numbers of this size
  const like = reshape(gather(value, read), [-1, width]);
  const { table } = addRowsOp({ indices: places, updates, like });
  return { rows: read, gradient: reshape(table, [rows.shape[0]!, ...rest]) };
}
