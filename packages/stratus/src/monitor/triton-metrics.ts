import type { Registry } from 'prom-client';
import type { ServingObserver } from '../serve/index.ts';
import type { MetricClasses } from './metrics.ts';
import type { WatchedModel } from './watched-model.ts';

/** Triton's reasons, of which there are four. */
const reasonOf = (code: string): string =>
  code === 'busy' || code === 'released' ? 'REJECTED' : code === 'aborted' ? 'CANCELED' : code === 'engine' ? 'BACKEND' : 'OTHER';

/** The same under the names of Triton Inference Server: sums of microseconds instead of histograms. */
export function tritonMetrics(
  { Counter, Gauge }: MetricClasses,
  registers: Registry[],
  loaded: (() => readonly WatchedModel[]) | undefined,
): ServingObserver {
  const counter = (name: string, help: string, more: readonly string[] = []) =>
    new Counter({ name, help, labelNames: ['model', 'version', ...more], registers });
  const success = counter('nv_inference_request_success', 'Requests that were answered.');
  const failure = counter('nv_inference_request_failure', 'Requests that failed.', ['reason']);
  const samples = counter('nv_inference_count', 'Samples that were computed.');
  const runs = counter('nv_inference_exec_count', 'Runs of the model.');
  const total = counter('nv_inference_request_duration_us', 'Time of requests, in microseconds.');
  const queue = counter('nv_inference_queue_duration_us', 'Time in the queue, in microseconds.');
  const compute = counter('nv_inference_compute_infer_duration_us', 'Time of runs, in microseconds.');
  if (loaded !== undefined)
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
  return {
    request({ model, version, code, totalMs, queueMs, runMs }) {
      const own = { model, version };
      if (code !== 'ok') return void failure.inc({ ...own, reason: reasonOf(code) });
      success.inc(own);
      total.inc(own, totalMs * 1000);
      queue.inc(own, queueMs * 1000);
      compute.inc(own, runMs * 1000);
    },
    batch({ model, version, rows }) {
      samples.inc({ model, version }, rows);
      runs.inc({ model, version });
    },
  };
}
