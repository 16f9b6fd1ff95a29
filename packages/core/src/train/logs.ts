import type { Tensor, TypedArray } from '../tensor/index.ts';
import { type MeasuringGraph, names } from './graphs.ts';
import { validationName } from './plan.ts';

/** A figure of a batch or an epoch; confusion matrices are lists of rows. */
export type LogValue = number | number[][];
/** Figures by name: `loss`, `accuracy`, `valLoss`, … */
export type Logs = Readonly<Record<string, LogValue>>;

/** Sums over the batches of an epoch, in float64; plain JSON, so that a checkpoint can hold it. */
export interface Totals {
  samples: number;
  loss: number;
  losses: Record<string, number>;
  statistics: Record<string, number[]>;
}

export const emptyTotals = (): Totals => ({ samples: 0, loss: 0, losses: {}, statistics: {} });

/** Adds what one batch measured. Returns its loss. */
export function addBatch(totals: Totals, graph: MeasuringGraph, outputs: Readonly<Record<string, Tensor>>, size: number): number {
  const loss = outputs[names.loss]!.item();
  totals.samples += size;
  totals.loss += loss * size;
  for (const name of graph.losses)
    totals.losses[name] = (totals.losses[name] ?? 0) + outputs[names.outputLoss(name)]!.item() * size;
  for (const { outputs: ports } of graph.metrics) {
    for (const port of Object.values(ports)) {
      const data = outputs[port]!.data as TypedArray;
      const sums = (totals.statistics[port] ??= new Array<number>(data.length).fill(0));
      for (let i = 0; i < data.length; i++) sums[i]! += Number(data[i]);
    }
  }
  return loss;
}

/** The figures that the sums stand for. */
export function readTotals(totals: Totals, graph: MeasuringGraph): Record<string, LogValue> {
  const logs: Record<string, LogValue> = { loss: totals.loss / totals.samples };
  for (const name of graph.losses) logs[`${name}Loss`] = totals.losses[name]! / totals.samples;
  for (const { name, metric, outputs } of graph.metrics) {
    const sums = Object.fromEntries(
      Object.entries(outputs).map(([key, port]) => [key, Float64Array.from(totals.statistics[port] ?? [])]),
    );
    logs[name] = metric.result(sums);
  }
  return logs;
}

/** Names of validation figures: `accuracy` becomes `valAccuracy`. */
export const validationLogs = (logs: Logs): Record<string, LogValue> =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [validationName(name), value]));
