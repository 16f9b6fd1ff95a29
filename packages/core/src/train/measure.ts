import { fail } from '../errors.ts';
import type { MeasuringGraph } from './graphs.ts';
import { addBatch, emptyTotals, type LogValue, readTotals } from './logs.ts';
import type { Machine } from './machine.ts';
import type { PredictOptions } from './options.ts';
import type { Source } from './source.ts';

/** Throws `aborted` when a signal says so. */
export function stopIfAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted) throw fail('aborted', { what }, signal.reason);
}

/** Loss and metrics over all batches of a source. */
export async function measure(
  machine: Machine,
  source: Source,
  { weights, signal }: PredictOptions,
): Promise<Record<string, LogValue>> {
  const plan = machine.needPlan('evaluate');
  const totals = emptyTotals();
  let graph: MeasuringGraph | undefined;
  for await (const batch of source.batches(0, 0, signal)) {
    stopIfAborted(signal, 'Evaluation');
    const measured = await machine.evaluate(batch, plan, { ema: weights === 'ema', signal });
    graph = measured.graph;
    addBatch(totals, graph, measured.outputs, batch.size);
  }
  if (!graph) throw fail('bad-value', { what: 'evaluate', got: 'no batches', want: 'at least one sample' });
  return readTotals(totals, graph);
}
