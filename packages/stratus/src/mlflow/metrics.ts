import { z } from 'zod';
import type { Store } from '../store/index.ts';
import { list, numberOf, text, whole } from './fields.ts';
import { runOf } from './find.ts';
import { pageStart, pageToken } from './pages.ts';
import { ifThere, invalid } from './problem.ts';
import { type Route, route } from './route.ts';

type Point = Awaited<ReturnType<Store['metrics']['history']>>[number];

const shape = (key: string, { step, value, at }: Point) => ({ key, value: numberOf(value), timestamp: at, step });

const atOnce = 50_000;

/** All points of a metric from number `skip` on, at most `most`; none for a metric that was never logged. */
async function pointsOf(store: Store, run: string, key: string, skip: number, most: number): Promise<Point[]> {
  const found: Point[] = [];
  while (found.length < most) {
    const limit = Math.min(atOnce, most - found.length);
    const more = (await ifThere(store.metrics.history(run, key, { skip: skip + found.length, limit }))) ?? [];
    for (const point of more) found.push(point);
    if (more.length < limit) break;
  }
  return found;
}

/** More than these are not given to a client that asks for all: it has to ask for pages. */
const mostOfAll = 1_000_000;

/** The points of metrics. */
export const metricRoutes: readonly Route[] = [
  route(
    'GET',
    'metrics/get-history',
    'viewer',
    z.object({
      run_id: z.string().default(''),
      run_uuid: z.string().default(''),
      metric_key: text,
      page_token: z.string().nullish(),
      max_results: whole.pipe(z.int().min(1)).nullish(),
    }),
    async ({ run_id, run_uuid, metric_key, page_token, max_results }, { store }) => {
      const key = run_id || run_uuid;
      if (key === '') throw invalid("Missing value for required parameter 'run_id'.");
      await runOf(store, key);
      const most = Math.min(max_results ?? mostOfAll, mostOfAll);
      const from = pageStart(page_token);
      const points = await pointsOf(store, key, metric_key, from, most + 1);
      const metrics = points.slice(0, most).map((point) => shape(metric_key, point));
      return { metrics, ...(points.length > most && { next_page_token: pageToken(from + most) }) };
    },
  ),
  route(
    'GET',
    'metrics/get-history-bulk-interval',
    'viewer',
    z.object({
      run_ids: list(text),
      metric_key: text,
      start_step: whole.nullish(),
      end_step: whole.nullish(),
      max_results: whole.pipe(z.int().min(1).max(2500)).default(2500),
    }),
    async ({ run_ids, metric_key, start_step, end_step, max_results }, { store }) => {
      if (run_ids.length === 0 || run_ids.length > 100)
        throw invalid('GetMetricHistoryBulkInterval request must specify 1 to 100 run_ids.');
      if (((start_step ?? null) === null) !== ((end_step ?? null) === null))
        throw invalid('If either start step or end step are specified, both must be specified.');
      if (start_step != null && start_step > end_step!) throw invalid('end_step must be greater than start_step.');
      const metrics: object[] = [];
      for (const run of run_ids) {
        await runOf(store, run);
        const points =
          start_step == null
            ? ((await ifThere(store.metrics.curve(run, metric_key, { points: Math.max(4, max_results) }))) ?? [])
            : (await pointsOf(store, run, metric_key, 0, mostOfAll)).filter(
                ({ step }) => step >= start_step && step <= end_step!,
              );
        const every = Math.max(1, Math.ceil(points.length / max_results));
        const wanted = points.filter((_, i) => i % every === 0 || (i === points.length - 1 && points.length < max_results));
        metrics.push(...wanted.map((point) => ({ ...shape(metric_key, point), run_id: run })));
      }
      return { metrics };
    },
  ),
];
