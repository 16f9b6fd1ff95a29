import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { views } from './experiments.ts';
import { list, most, pair, recordOf, search, text, whole } from './fields.ts';
import { activeRun, experimentNumber, experimentOf, runOf } from './find.ts';
import { ifThere, invalid } from './problem.ts';
import { type Route, route } from './route.ts';
import { infoShape, nameTag, noteTag, parentTag, runShape, storeStatus, userTag } from './run-shape.ts';
import { searchRuns } from './search-runs.ts';

const id = z.object({ run_id: text });
const statuses = z.enum(['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']);
const deleted = { ACTIVE_ONLY: undefined, DELETED_ONLY: 'only', ALL: 'with' } as const;
const newest = 8_640_000_000_000_000; // the last millisecond that a date can say
const time = whole.pipe(z.int().min(0).max(newest));

/** Runs: made, looked at, searched for, ended, deleted and restored. */
export const runRoutes: readonly Route[] = [
  route(
    'POST',
    'runs/create',
    'trainer',
    z.object({
      experiment_id: z.string().default('0'),
      run_name: z.string().nullish(),
      start_time: time.nullish(),
      user_id: z.string().nullish(),
      tags: list(pair),
    }),
    async ({ experiment_id, run_name, start_time, user_id, tags }, { store }) => {
      const { number } = await experimentOf(store, experiment_id === '' ? '0' : experiment_id);
      const { [nameTag]: tagged, [noteTag]: notes, ...rest } = recordOf(tags);
      if (run_name && tagged && run_name !== tagged)
        throw invalid(
          `Both 'run_name' argument and '${nameTag}' tag are specified, but with different values: '${run_name}' and '${tagged}'.`,
        );
      const parent = rest[parentTag] && (await ifThere(store.runs.get(rest[parentTag])))?.key;
      const name = run_name || tagged;
      const { key } = await store.runs.create({
        key: randomUUID().replaceAll('-', ''),
        experiment: number,
        startedAt: new Date(start_time ?? Date.now()),
        tags: user_id ? { [userTag]: user_id, ...rest } : rest,
        ...(name && { name }),
        ...(notes && { notes }),
        ...(parent && { parent }),
      });
      return { run: runShape(await runOf(store, key)) };
    },
  ),
  route(
    'GET',
    'runs/get',
    'viewer',
    z.object({ run_id: z.string().default(''), run_uuid: z.string().default('') }),
    async (given, { store }) => {
      const key = given.run_id || given.run_uuid;
      if (key === '') throw invalid("Missing value for required parameter 'run_id'.");
      return { run: runShape(await runOf(store, key)) };
    },
  ),
  route(
    'POST',
    'runs/update',
    'trainer',
    id.extend({ status: statuses.nullish(), end_time: time.nullish(), run_name: z.string().nullish() }),
    async ({ run_id, status, end_time, run_name }, { store }) => {
      await activeRun(store, run_id);
      if (run_name) await store.runs.change(run_id, { name: run_name });
      const own = status ? storeStatus(status) : undefined;
      if (own === 'running') await store.runs.seen(run_id);
      else if (own !== undefined) await store.runs.finish(run_id, own);
      const endedAt = end_time != null ? new Date(end_time) : own === 'running' ? null : undefined;
      if (endedAt !== undefined) await store.experiments.changeRun(run_id, { endedAt });
      return { run_info: infoShape(await runOf(store, run_id)) };
    },
  ),
  ...(['delete', 'restore'] as const).map((what) =>
    route('POST', `runs/${what}`, 'trainer', id, async ({ run_id }, { store }) => {
      await runOf(store, run_id);
      await store.experiments.changeRun(run_id, { isDeleted: what === 'delete' });
      return {};
    }),
  ),
  route(
    'POST',
    'runs/search',
    'viewer',
    z.object({ ...search, experiment_ids: list(z.string()), run_view_type: views, max_results: most(1000, 50_000) }),
    async ({ experiment_ids, filter, order_by, page_token, run_view_type, max_results }, { store }) => {
      const { runs, next } = await searchRuns(store, {
        experiments: experiment_ids.map(experimentNumber).filter((number) => number !== undefined),
        filter,
        orderBy: order_by,
        deleted: deleted[run_view_type],
        most: max_results,
        token: page_token,
      });
      return { runs: runs.map(runShape), ...(next && { next_page_token: next }) };
    },
  ),
];
