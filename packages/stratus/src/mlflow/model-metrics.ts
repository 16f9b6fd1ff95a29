import type { Json, Store } from '../store/index.ts';
import { ifThere } from './problem.ts';
import type { LoggedMetric } from './run-log.ts';

/** A metric of a logged model: the newest value for each metric, data set and run. */
export interface ModelMetric {
  readonly key: string;
  /** NaN and the infinities as texts. */
  readonly value: number | string;
  readonly timestamp: number;
  readonly step: number;
  readonly model_id: string;
  readonly run_id: string;
  readonly dataset_name?: string;
  readonly dataset_digest?: string;
}

const keyOf = ({ key, run_id, dataset_name, dataset_digest }: ModelMetric): string =>
  JSON.stringify([key, run_id, dataset_name, dataset_digest]);

/** Metrics that were logged for a model are known of that model as well. */
export async function metricOfModels(store: Store, run: string, metrics: readonly LoggedMetric[]): Promise<void> {
  const byModel = new Map<string, ModelMetric[]>();
  for (const { key, value, timestamp, step, model_id, dataset_name, dataset_digest } of metrics) {
    if (!model_id) continue;
    const one: ModelMetric = {
      key,
      value: Number.isFinite(value) ? value : String(value),
      timestamp,
      step,
      model_id,
      run_id: run,
      ...(dataset_name && { dataset_name }),
      ...(dataset_digest && { dataset_digest }),
    };
    byModel.set(model_id, [...(byModel.get(model_id) ?? []), one]);
  }
  for (const [model, added] of byModel)
    await ifThere(
      store.loggedModels.change(model, (facts) => {
        const old = (facts['metrics'] ?? []) as unknown as ModelMetric[];
        return {
          ...facts,
          metrics: [...new Map([...old, ...added].map((one) => [keyOf(one), one])).values()] as unknown as Json,
        };
      }),
    );
}
