import type { Registry } from 'prom-client';
import type { MetricClasses } from './metrics.ts';
import type { Buckets, ModelCounts, RequestCounts } from './request-counts.ts';
import type { WatchedModel } from './watched-model.ts';

/** Triton's reasons, of which there are four. */
const reasonOf = (code: string): string =>
  code === 'busy' || code === 'released' ? 'REJECTED' : code === 'aborted' ? 'CANCELED' : code === 'engine' ? 'BACKEND' : 'OTHER';

const countOf = ({ counts }: Buckets): number => counts.reduce((n, x) => n + x, 0);

/** The same under the names of Triton Inference Server: sums of microseconds instead of histograms. Times are of answered requests. */
export function tritonMetrics(
  { Counter, Gauge }: MetricClasses,
  registers: Registry[],
  { counts, loaded }: { readonly counts: RequestCounts; readonly loaded: (() => readonly WatchedModel[]) | undefined },
): void {
  const counter = (name: string, help: string, valueOf: (of: ModelCounts) => number) =>
    new Counter({
      name,
      help,
      labelNames: ['model', 'version'],
      registers,
      collect() {
        this.reset();
        for (const of of counts.all) this.inc({ model: of.model, version: of.version }, valueOf(of));
      },
    });
  counter('nv_inference_request_success', 'Requests that were answered.', ({ run }) => countOf(run));
  counter('nv_inference_count', 'Samples that were computed.', ({ batchRows }) => batchRows.sum);
  counter('nv_inference_exec_count', 'Runs of the model.', ({ batchRows }) => countOf(batchRows));
  counter('nv_inference_request_duration_us', 'Time of requests, in microseconds.', ({ total }) => total.sum * 1e6);
  counter('nv_inference_queue_duration_us', 'Time in the queue, in microseconds.', ({ queue }) => queue.sum * 1e6);
  counter('nv_inference_compute_infer_duration_us', 'Time of runs, in microseconds.', ({ run }) => run.sum * 1e6);
  new Counter({
    name: 'nv_inference_request_failure',
    help: 'Requests that failed.',
    labelNames: ['model', 'version', 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { model, version, requests } of counts.all)
        for (const codes of requests.values())
          for (const [code, n] of codes) if (code !== 'ok') this.inc({ model, version, reason: reasonOf(code) }, n);
    },
  });
  if (loaded === undefined) return;
  new Gauge({
    name: 'nv_inference_pending_request_count',
    help: 'Requests that wait for their run.',
    labelNames: ['model', 'version'],
    registers,
    collect() {
      this.reset();
      for (const { name, version, waiting = 0 } of loaded()) this.set({ model: name, version }, waiting);
    },
  });
}
