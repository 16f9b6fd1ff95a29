import type { Hono } from 'hono';
import { newApp } from '../serve/index.ts';
import type { MetricsPage } from './metrics.ts';

/**
 * `GET /metrics` for Prometheus, as an application of web standards.
 *
 * @example
 * import { metricsApp, prometheusMetrics } from 'stratus';
 * const metrics = await prometheusMetrics();
 * console.log((await metricsApp(metrics).request('/metrics')).status); // 200
 * metrics.close();
 */
export function metricsApp(metrics: Pick<MetricsPage, 'text' | 'contentType'>): Hono {
  const app = newApp();
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }));
  return app;
}
