import { dtypes, showShape, sizeOf } from '../tensor/index.ts';
import type { Architecture } from './architecture.ts';
import type { Parameter } from './build.ts';
import type { Symbolic } from './layer.ts';

const grouped = (n: number): string => String(n).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
const bytes = (n: number): string =>
  n < 1024 ? `${n} B` : n < 1024 ** 2 ? `${(n / 1024).toFixed(2)} KB` : `${(n / 1024 ** 2).toFixed(2)} MB`;

/** A table of layers, output shapes and parameter counts, as people know it from Keras. */
export function summarize(model: Architecture, parameters: readonly Parameter[]): string {
  const nameOf = new Map(model.layers.map(({ name, layer }) => [layer, name]));
  const inputNames = new Map(Object.entries(model.inputs).map(([name, value]) => [value, name]));
  const source = (value: Symbolic): string => (value.call ? nameOf.get(value.call.layer)! : inputNames.get(value)!);
  const countOf = (layer: string): number =>
    parameters.filter(({ name }) => name.startsWith(`${layer}/`)).reduce((n, { shape }) => n + sizeOf(shape), 0);

  const linear = model.calls.every(
    (call, i) => call.inputs.length === 1 && (i === 0 || call.inputs[0]!.call === model.calls[i - 1]),
  );
  const counted = new Set<string>();
  const rows = [
    ['Layer (type)', 'Output shape', 'Parameters', 'Connected to'],
    ...Object.entries(model.inputs).map(([name, value]) => [`${name} (Input, ${value.dtype})`, showShape(value.shape), '0', '']),
    ...model.calls.map((call) => {
      const name = nameOf.get(call.layer)!;
      const count = counted.has(name) ? 'shared' : grouped(countOf(name));
      counted.add(name);
      const frozen = call.layer.trainable ? '' : ', frozen';
      return [
        `${name} (${call.layer.type}${frozen})`,
        call.outputs.map(({ shape }) => showShape(shape)).join(' '),
        count,
        call.inputs.map(source).join(', '),
      ];
    }),
  ].map((row) => (linear ? row.slice(0, 3) : row));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((n, w) => n + w + 2, -2));

  const total = parameters.reduce((n, { shape }) => n + sizeOf(shape), 0);
  const trainable = parameters.filter((p) => p.trainable).reduce((n, { shape }) => n + sizeOf(shape), 0);
  const outputs = Object.entries(model.outputs)
    .map(([name, value]) => `${name} ${showShape(value.shape)}`)
    .join(', ');
  return [
    `Model: ${model.name}`,
    rule,
    line(rows[0]!),
    rule,
    ...rows.slice(1).map(line),
    rule,
    `Outputs: ${outputs}`,
    `Parameters: ${grouped(total)} (${bytes(parameters.reduce((n, { shape, dtype }) => n + sizeOf(shape) * dtypes[dtype].bytes, 0))}), trainable: ${grouped(trainable)}, not trainable: ${grouped(total - trainable)}`,
  ].join('\n');
}
