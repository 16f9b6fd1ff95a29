// golden/ops_cases.json holds the rows as Python reads them, golden/ops.json what PyTorch makes of them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rows } from './op-rows.ts';

const folder = new URL('../../../../golden/', import.meta.url);
/** Where the rows are written for PyTorch. */
export const casesFile = fileURLToPath(new URL('ops_cases.json', folder));

/** JSON has no NaN, no infinities and no negative zero: they are texts. */
const encoded = (v: number): number | string =>
  Number.isFinite(v) && !Object.is(v, -0) ? v : Object.is(v, -0) ? '-0' : String(v);

/** All rows as JSON, one a line. */
export function encodeRows(): string {
  const lines = rows.map(({ id, case: { torch, gradient }, inputs }) =>
    JSON.stringify({
      id,
      torch,
      gradient: gradient !== false,
      inputs: inputs.map(({ dtype, shape, values }) => ({ dtype, shape, values: values.map(encoded) })),
    }),
  );
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** The rows that the golden values were made of. */
export const readCases = (): string => readFileSync(casesFile, 'utf8');

/** Numbers of one tensor from PyTorch. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What PyTorch says about one row. */
export interface Golden {
  readonly outputs: readonly GoldenTensor[];
  /** Of the loss, one for each float input. */
  readonly gradients?: readonly GoldenTensor[];
  /** Of the gradients along the fixed directions, one for each float input. */
  readonly second?: readonly GoldenTensor[];
}

type Packed = readonly [shape: readonly number[], values: readonly (number | string)[]];
const unpack = ([shape, values]: Packed): GoldenTensor => ({ shape, values: values.map(Number) });

/** All golden values, by the id of their row. */
export function readGolden(): ReadonlyMap<string, Golden> {
  const file = JSON.parse(readFileSync(fileURLToPath(new URL('ops.json', folder)), 'utf8')) as {
    readonly cases: Readonly<Record<string, Readonly<Record<keyof Golden, readonly Packed[] | undefined>>>>;
  };
  return new Map(
    Object.entries(file.cases).map(([id, { outputs, gradients, second }]) => [
      id,
      {
        outputs: outputs!.map(unpack),
        ...(gradients && { gradients: gradients.map(unpack) }),
        ...(second && { second: second.map(unpack) }),
      },
    ]),
  );
}
