// The page that Prometheus scrapes: read by a strict parser, by promtool and by a real Prometheus where they are installed.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { type MetricsOptions, type MetricsPage, metricsApp, prometheusMetrics } from '../src/monitor/index.ts';
import { parseExposition } from './exposition.ts';

const open: MetricsPage[] = [];
async function metricsOf(options?: MetricsOptions): Promise<MetricsPage> {
  const metrics = await prometheusMetrics(options);
  open.push(metrics);
  return metrics;
}
afterEach(() => {
  for (const metrics of open.splice(0)) metrics.close();
});

const answered = { model: 'net', version: '1', protocol: 'oip-http', rows: 2, code: 'ok', queueMs: 0.2, runMs: 3, totalMs: 4 };
const run = { model: 'net', version: '1', requests: 3, rows: 6, runMs: 3, closedBy: 'full' as const };

/** One of everything. */
function feed({ observer }: MetricsPage): void {
  observer.request!(answered);
  observer.request!({ ...answered, totalMs: 70 });
  observer.request!({ ...answered, protocol: 'oip-grpc', code: 'bad-request' });
  observer.request!({ ...answered, code: 'busy' });
  observer.batch!(run);
}

const everything: MetricsOptions = {
  triton: true,
  loaded: () => [
    { name: 'net', version: '1', waiting: 7 },
    { name: 'other', version: '2' },
  ],
  figures: () => [{ name: 'net', version: '1', accuracy: 0.75, drift: [{ feature: 'x[0]', psi: 0.3 }, { feature: 'y' }] }],
};

it('holds what came, by model, version, protocol and code', async () => {
  const metrics = await metricsOf(everything);
  feed(metrics);
  const response = await metricsApp(metrics).request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(await response.text());
  const value = (name: string, labels: object, family = name): number | undefined =>
    families
      .get(family)
      ?.samples.find((sample) => sample.name === name && Object.entries(labels).every(([k, v]) => sample.labels[k] === v))?.value;
  const own = { model: 'net', version: '1' };
  expect(value('stratus_requests_total', { ...own, protocol: 'oip-http', code: 'ok' })).toBe(2);
  expect(value('stratus_requests_total', { ...own, protocol: 'oip-grpc', code: 'bad-request' })).toBe(1);
  expect(value('stratus_request_rows_total', own)).toBe(4);
  const duration = 'stratus_request_duration_seconds';
  expect(value(`${duration}_bucket`, { ...own, le: '0.005' }, duration)).toBe(3);
  expect(value(`${duration}_count`, own, duration)).toBe(4);
  expect(value(`${duration}_sum`, own, duration)).toBeCloseTo(0.082, 9);
  expect(value('stratus_run_duration_seconds_count', own, 'stratus_run_duration_seconds')).toBe(2);
  expect(value('stratus_queue_duration_seconds_sum', own, 'stratus_queue_duration_seconds')).toBeCloseTo(0.0004, 9);
  expect(value('stratus_batches_total', { ...own, closed_by: 'full' })).toBe(1);
  expect(value('stratus_batch_rows_sum', own, 'stratus_batch_rows')).toBe(6);
  expect(value('stratus_queue_requests', own)).toBe(7);
  expect(families.get('stratus_model_loaded')!.samples).toHaveLength(2);
  expect(families.get('stratus_drift_psi')!.samples).toEqual([
    { name: 'stratus_drift_psi', labels: { ...own, feature: 'x[0]' }, value: 0.3 },
  ]);
  expect(value('stratus_live_accuracy_ratio', own)).toBe(0.75);
  expect(value('nv_inference_request_success', own)).toBe(2);
  expect(value('nv_inference_request_failure', { ...own, reason: 'REJECTED' })).toBe(1);
  expect(value('nv_inference_count', own)).toBe(6);
  expect(value('nv_inference_exec_count', own)).toBe(1);
  expect(value('nv_inference_request_duration_us', own)).toBeCloseTo(82_000, 6);
  expect(value('process_resident_memory_bytes', {})).toBeGreaterThan(1e6);
  expect(value('nodejs_eventloop_lag_p99_seconds', {})).toBeGreaterThanOrEqual(0);
});

it('says of models that left nothing more', async () => {
  let names = ['a', 'b'];
  const metrics = await metricsOf({ loaded: () => names.map((name) => ({ name, version: '1', waiting: 0 })) });
  expect(parseExposition(await metrics.text()).get('stratus_queue_requests')!.samples).toHaveLength(2);
  names = ['b'];
  expect(parseExposition(await metrics.text()).get('stratus_queue_requests')!.samples).toHaveLength(1);
});

it('is a page that any text leaves whole', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 20 }), async (text) => {
      const metrics = await prometheusMetrics({ loaded: () => [{ name: text, version: text }] });
      metrics.observer.request!({ ...answered, model: text, version: text, protocol: text, code: text });
      const families = parseExposition(await metrics.text());
      metrics.close();
      expect(families.get('stratus_requests_total')!.samples[0]!.labels).toEqual({
        model: text,
        version: text,
        protocol: text,
        code: text,
      });
    }),
    { numRuns: 50 },
  );
});

it('does not grow without end whatever names come', async () => {
  const metrics = await metricsOf({ triton: true });
  for (let i = 0; i < 3000; i++)
    metrics.observer.request!({ ...answered, model: `m${i}`, version: `${i}`, protocol: `p${i}`, code: `c${i}` });
  for (let i = 0; i < 3000; i++) metrics.observer.batch!({ ...run, model: `m${i}`, version: `${i}` });
  const families = parseExposition(await metrics.text());
  for (const { samples } of families.values())
    expect(new Set(samples.map(({ labels }) => labels['model'])).size).toBeLessThanOrEqual(501);
  const labels = families.get('stratus_requests_total')!.samples.map((sample) => sample.labels);
  expect(new Set(labels.map(({ protocol }) => protocol)).size).toBe(33);
  expect(new Set(labels.map(({ code }) => code)).size).toBe(65);
});

const installed = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

it.runIf(installed('promtool'))('passes promtool check metrics', async () => {
  const metrics = await metricsOf(everything);
  feed(metrics);
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: await metrics.text(),
    encoding: 'utf8',
  });
  // Triton's counters do not end in _total, and count microseconds; their names are not ours to choose.
  const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.startsWith('nv_'));
  expect(complaints).toEqual([]);
  expect([0, 3]).toContain(status);
});

it.runIf(installed('prometheus'))(
  'is scraped by a real Prometheus',
  async () => {
    const metrics = await metricsOf(everything);
    feed(metrics);
    const app = metricsApp(metrics);
    const server = createServer((request, response) => {
      void Promise.resolve(app.request(request.url!)).then(async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const free = createServer();
    await new Promise<void>((done) => free.listen(0, '127.0.0.1', done));
    const [target, own] = [(server.address() as AddressInfo).port, (free.address() as AddressInfo).port];
    await new Promise((done) => free.close(done));
    const folder = mkdtempSync(join(tmpdir(), 'stratus-prometheus-'));
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `scrape_configs: [{ job_name: stratus, scrape_interval: 1s, static_configs: [{ targets: ['127.0.0.1:${target}'] }] }]`,
    );
    execFileSync('promtool', ['check', 'config', join(folder, 'prometheus.yml')]);
    const prometheus = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${own}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise((done) => prometheus.on('close', done));
    const query = async (text: string): Promise<readonly string[]> => {
      const response = await fetch(`http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(text)}`);
      const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
      return data.result.map(({ value }) => value[1]);
    };
    try {
      await vi.waitFor(async () => expect(await query('up')).toEqual(['1']), { timeout: 60_000, interval: 200 });
      expect(await query('sum(stratus_requests_total{model="net"})')).toEqual(['4']);
      expect(await query('stratus_queue_requests{model="net"}')).toEqual(['7']);
      const [p50] = await query('histogram_quantile(0.5, stratus_request_duration_seconds_bucket)');
      expect(Number(p50)).toBeLessThanOrEqual(0.005);
    } finally {
      prometheus.kill('SIGTERM');
      await ended;
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
