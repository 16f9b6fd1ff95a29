import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { type Op, ownDomain, toposort } from '../src/graph/index.ts';
import { type DType, isFloat, type Shape } from '../src/tensor/index.ts';
import { buildRow } from './support/build-row.ts';
import { flatnessOf, problemsOf } from './support/check-row.ts';
import { encodeRows, readCases, readGolden } from './support/golden-rows.ts';
import { caseTables, emitters, type Row, rowOf, rows } from './support/op-rows.ts';
import { anyShape, broadcastShapes } from './support/random-shapes.ts';
import { type Fault, faultsOf, inputsReached, notDifferentiable, spoiled } from './support/spoil.ts';

const golden = readGolden();
const levels = ['disabled', 'all'] as const;
/** All ops of a row in float32, those of its gradients included. */
const opsWithGradients = (row: Row): Op[] =>
  toposort(Object.values(buildRow(row, { dtype: 'float32', gradient: row.case.gradient !== false }).graph.outputs)).map(
    ({ op }) => op,
  );
const isOwn = ({ domain }: Op): boolean => domain === ownDomain;
const dtypeOf = (row: Row): DType => (row.case.float32 === undefined ? 'float64' : 'float32');
const differentiated = rows.filter((row) => golden.get(row.id)?.gradients);

describe('the case tables', () => {
  it('are those that the golden values were made of', () => {
    expect(readCases(), 'the case tables changed: npm run golden -- ops').toBe(encodeRows());
    expect([...golden.keys()]).toEqual(rows.map(({ id }) => id));
  });

  it('name every case once', () => {
    expect(rows.map(({ id }) => id).filter((id, i, all) => all.indexOf(id) !== i)).toEqual([]);
  });

  it('reach every op', () => {
    const reached = new Set(rows.flatMap((row) => [...opsOf(row), ...opsWithGradients(row).filter(isOwn)]));
    expect(emitters.filter(([, op]) => !reached.has(op)).map(([name]) => name)).toEqual([]);
  });
});

describe.each(caseTables.map(([op]) => op))('%s', (op) => {
  const own = rows.filter((row) => row.op === op);
  it.each(own)('$id equals PyTorch and has true gradients', async (row) => {
    for (const level of [...levels, ...(opsWithGradients(row).some(isOwn) ? (['kernels'] as const) : [])])
      for (const dtype of new Set<DType>([dtypeOf(row), 'float32'])) {
        const problems = await problemsOf(row, { golden: golden.get(row.id), level, dtype, differences: dtype === dtypeOf(row) });
        expect(problems, `${dtype}, optimisation ${level}`).toEqual([]);
      }
  });
});

describe('float32 only', () => {
  const missing = rows.filter((row) => /kernel/.test(row.case.float32 ?? ''));
  it.each(missing)('$id: there is no float64 kernel indeed', async (row) => {
    await expect(problemsOf(row, { level: 'disabled', dtype: 'float64' })).rejects.toThrow(
      /implementation|NOT_IMPLEMENTED|kernel/i,
    );
  });
});

describe('a first axis known only at run time', () => {
  const refused: string[] = [];
  it.each(rows.filter((row) => row.inputs.some(canBeBatch)))('$id', async (row) => {
    const first = row.inputs.findIndex(canBeBatch);
    const together = row.inputs.flatMap(({ shape }, i) =>
      shape.length > 0 && shape[0] === row.inputs[first]!.shape[0] ? [i] : [],
    );
    for (const symbolic of together.length > 1 ? [together, [first]] : [[first]])
      for (const gradient of [row.case.gradient !== false, false]) {
        const attempt = { dtype: 'float32', symbolic, gradient } as const;
        if (!builds(row, attempt)) continue;
        if (!gradient && row.case.gradient !== false) refused.push(`${row.id}: gradient`);
        expect(await problemsOf(row, { ...attempt, golden: golden.get(row.id), level: 'all', differences: false })).toEqual([]);
        return;
      }
    refused.push(row.id);
  });

  it('is refused only where sizes must be known', () => {
    expect(refused).toEqual(['reduceProd/0: gradient', 'reduceProd/2: gradient']);
  });
});

describe('random shapes', () => {
  const drawn = caseTables.flatMap(([op, cases]) =>
    cases.flatMap((of, i) =>
      of.ins === 'any' || of.ins === 'broadcast' ? [{ id: `${op}/${of.name ?? i}`, op, of, ins: of.ins }] : [],
    ),
  );
  it.each(drawn)('$id', async ({ id, op, of, ins }) => {
    const shapes: fc.Arbitrary<readonly Shape[]> = ins === 'any' ? fc.tuple(anyShape) : broadcastShapes;
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 0, max: 1e6 }), async (drawnShapes, seed) => {
        const row = rowOf(`${id}/${seed}`, op, { ins: drawnShapes, of });
        for (const level of levels) expect(await problemsOf(row, { level, dtype: dtypeOf(row) })).toEqual([]);
      }),
      { seed: 1, numRuns: 4 },
    );
  });
});

describe("ops whose gradient is 'zero' are flat", () => {
  const flat = emitters.filter(([, op]) => op.gradient === 'zero');
  it.each(flat)('%s', async (name) => {
    const own = rows.filter((row) => row.op === name);
    expect(own.length).toBeGreaterThan(0);
    for (const row of own) expect(await flatnessOf(row, dtypeOf(row)), row.id).toEqual([]);
  });
});

describe('a wrong gradient rule fails', () => {
  it.each(emitters.filter(([, op]) => typeof op.gradient === 'function'))('%s', async (name, op) => {
    const own = differentiated
      .filter((row) => opsOf(row).includes(op))
      .sort((a, b) => Number(b.op === name) - Number(a.op === name));
    const reached = own.map((row) => ({ row, inputs: inputsReached(row, op) }));
    const inputs = new Set(reached.flatMap((r) => r.inputs));
    expect(inputs.size, 'no case differentiates through this op').toBeGreaterThan(0);
    for (const input of inputs) {
      const through = reached.flatMap((r) => (r.inputs.includes(input) ? [r.row] : []));
      for (const fault of faultsOf(input)) await mustFail(through, op, fault);
    }
    const differentiating = reached.flatMap(({ row, inputs: some }) => (some.length > 0 ? [row] : []));
    await mustFail(differentiating, op, notDifferentiable);
  });
});

// A size of 1 would broadcast, which a size that is known only at run time must not do.
const canBeBatch = ({ dtype, shape }: Row['inputs'][number]): boolean =>
  shape.length > 0 && shape[0] !== 1 && (dtype === 'float' || isFloat(dtype));

const opsOf = (row: Row): Op[] => toposort(buildRow(row, { dtype: dtypeOf(row), gradient: false }).outputs).map(({ op }) => op);

function builds(row: Row, options: Parameters<typeof buildRow>[1]): boolean {
  try {
    buildRow(row, options);
    return true;
  } catch (e) {
    if (StratusError.is(e)) return false;
    throw e;
  }
}

/** Some row must show the fault against PyTorch, and one must show it by differences alone. */
async function mustFail(through: readonly Row[], op: Op, fault: Fault): Promise<void> {
  const wrong = spoiled(op, fault);
  const shows = async (
    row: Row,
    against: { golden?: Parameters<typeof problemsOf>[1]['golden']; differences: boolean },
  ): Promise<boolean> => {
    const problems = await problemsOf(row, {
      ...against,
      level: 'disabled',
      dtype: dtypeOf(row),
      replace: (other) => (other === op ? wrong : other),
    });
    return problems.length > 0;
  };
  const some = async (list: readonly Row[], test: (row: Row) => Promise<boolean>): Promise<boolean> => {
    for (const row of list) if (await test(row)) return true;
    return false;
  };
  expect(
    await some(through, (row) => shows(row, { golden: golden.get(row.id), differences: false })),
    `${fault.name}: PyTorch's numbers`,
  ).toBe(true);
  const exact = through.filter((row) => dtypeOf(row) === 'float64' && !row.inputs.some((x) => x.given && x.dtype === 'float'));
  if (exact.length > 0)
    expect(await some(exact, (row) => shows(row, { differences: true })), `${fault.name}: differences`).toBe(true);
}
