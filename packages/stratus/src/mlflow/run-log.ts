import { z } from 'zod';
import type { Json, Store } from '../store/index.ts';
import { double, list, pair, recordOf, text, whole } from './fields.ts';
import { activeRun, runOf } from './find.ts';
import { metricOfModels } from './model-metrics.ts';
import { conflictAs, invalid, missing } from './problem.ts';
import { type Route, route } from './route.ts';
import { nameTag, noteTag, tagsOf } from './run-shape.ts';

const run = { run_id: z.string().default(''), run_uuid: z.string().default('') };
const metric = z.object({
  key: text,
  value: double,
  timestamp: whole,
  step: whole.pipe(z.int().min(0, 'expected a step from 0: negative ones are not kept')).default(0),
  model_id: z.string().nullish(),
  dataset_name: z.string().nullish(),
  dataset_digest: z.string().nullish(),
});
export type LoggedMetric = z.output<typeof metric>;

const modelInput = z.object({ model_id: text });
const datasetInput = z.object({
  tags: list(pair),
  dataset: z.object({
    name: text.max(500),
    digest: text.max(36),
    source_type: z.string().default(''),
    source: z.string().max(65_535).default(''),
    schema: z.string().max(1_048_575).nullish(),
    profile: z.string().nullish(),
  }),
});

/** The limits of MLflow for one call of log-batch. */
const limits = { metrics: 1000, params: 100, tags: 100, all: 1000 } as const;

const keyOf = (given: { run_id: string; run_uuid: string }): string => {
  const key = given.run_id || given.run_uuid;
  if (key === '') throw invalid("Missing value for required parameter 'run_id'.");
  return key;
};

/** Some tags are what the store calls the name and the notes of a run. */
function changeOf(tags: Record<string, string | null>) {
  const { [nameTag]: name, [noteTag]: notes, ...rest } = tags;
  if (name === null) throw invalid(`The tag '${nameTag}' is the name of the run, which has to have one.`);
  return { tags: rest, ...(name === undefined ? {} : { name }), ...(notes === undefined ? {} : { notes: notes ?? '' }) };
}

async function addMetrics(store: Store, key: string, metrics: readonly LoggedMetric[]): Promise<void> {
  const points = metrics.map(({ key: name, value, timestamp, step }) => ({ name, value, step, at: new Date(timestamp) }));
  if (points.length > 0) await store.metrics.append(key, points);
  await metricOfModels(store, key, metrics);
}

/** A parameter that would get another value is what MLflow calls an invalid one. */
const addParams = (store: Store, key: string, change: Parameters<Store['runs']['change']>[1]) =>
  conflictAs('INVALID_PARAMETER_VALUE', store.runs.change(key, change));

/** What is written to a run. */
export const runLogRoutes: readonly Route[] = [
  route('POST', 'runs/log-metric', 'trainer', metric.extend(run), async (given, { store }) => {
    const key = keyOf(given);
    await activeRun(store, key);
    await addMetrics(store, key, [given]);
    return {};
  }),
  route('POST', 'runs/log-parameter', 'trainer', pair.extend(run), async (given, { store }) => {
    const key = keyOf(given);
    await activeRun(store, key);
    await addParams(store, key, { params: { [given.key]: given.value } });
    return {};
  }),
  route(
    'POST',
    'runs/log-batch',
    'trainer',
    z.object({ run_id: text, metrics: list(metric), params: list(pair), tags: list(pair) }),
    async ({ run_id, metrics, params, tags }, { store }) => {
      const total = metrics.length + params.length + tags.length;
      for (const [name, count] of Object.entries({
        metrics: metrics.length,
        params: params.length,
        tags: tags.length,
        all: total,
      }))
        if (count > limits[name as keyof typeof limits])
          throw invalid(
            `A batch logging request can contain at most ${limits[name as keyof typeof limits]} ${name === 'all' ? 'items' : name}. Got ${count}.`,
          );
      await activeRun(store, run_id);
      const given = new Map<string, string>();
      for (const { key, value } of params) {
        if (given.has(key) && given.get(key) !== value)
          throw invalid(`The parameter '${key}' comes twice with different values.`);
        given.set(key, value);
      }
      const change = { params: Object.fromEntries(given), ...changeOf(recordOf(tags)) };
      if (params.length + tags.length > 0) await addParams(store, run_id, change);
      await addMetrics(store, run_id, metrics);
      return {};
    },
  ),
  route('POST', 'runs/set-tag', 'trainer', pair.extend(run), async (given, { store }) => {
    const key = keyOf(given);
    await activeRun(store, key);
    await store.runs.change(key, changeOf({ [given.key]: given.value }));
    return {};
  }),
  route('POST', 'runs/delete-tag', 'trainer', z.object({ run_id: text, key: text }), async ({ run_id, key }, { store }) => {
    const { run: info } = await activeRun(store, run_id);
    if (!Object.hasOwn(tagsOf(info), key)) throw missing(`No tag with name: ${key} in run with id ${run_id}.`);
    await store.runs.change(run_id, changeOf({ [key]: null }));
    return {};
  }),
  route(
    'POST',
    'runs/log-inputs',
    'trainer',
    z.object({ run_id: text, datasets: list(datasetInput), models: list(modelInput) }),
    async ({ run_id, datasets, models }, { store }) => {
      await activeRun(store, run_id);
      const nameOf = (one: Json): string => {
        const { dataset } = one as { readonly dataset: { readonly name: string; readonly digest: string } };
        return JSON.stringify([dataset.name, dataset.digest]);
      };
      await store.experiments.changeRun(run_id, {
        flow: (old) => ({
          ...old,
          datasets: [
            ...new Map([...(datasets as unknown as Json[]), ...(old.datasets ?? [])].map((one) => [nameOf(one), one])).values(),
          ],
          modelInputs: [
            ...new Map(
              [...(old.modelInputs ?? []), ...models].map((one) => [(one as { model_id: string }).model_id, one]),
            ).values(),
          ],
        }),
      });
      return {};
    },
  ),
  route(
    'POST',
    'runs/outputs',
    'trainer',
    z.object({ run_id: text, models: list(modelInput.extend({ step: whole.default(0) })) }),
    async ({ run_id, models }, { store }) => {
      await activeRun(store, run_id);
      await store.experiments.changeRun(run_id, {
        flow: (old) => ({ ...old, modelOutputs: [...(old.modelOutputs ?? []), ...models] }),
      });
      return {};
    },
  ),
  route(
    'POST',
    'runs/log-model',
    'trainer',
    z.object({ run_id: text, model_json: text }),
    async ({ run_id, model_json }, { store }) => {
      await activeRun(store, run_id);
      let model: unknown;
      try {
        model = JSON.parse(model_json);
      } catch {
        throw invalid('Malformed model info: model_json is not JSON.');
      }
      const tag = 'mlflow.log-model.history';
      const { run: info } = await runOf(store, run_id);
      let before: unknown = [];
      try {
        before = JSON.parse(info.tags[tag] ?? '[]');
      } catch {
        // somebody else wrote the tag: it is begun anew
      }
      await store.runs.change(run_id, { tags: { [tag]: JSON.stringify([...(Array.isArray(before) ? before : []), model]) } });
      return {};
    },
  ),
];
