import type { ExperimentInfo, PlacedRun, RunInfo } from '../store/index.ts';
import { numberOf, pairsOf } from './fields.ts';

/** Tags that stand for what the store has a place of its own for. */
export const nameTag = 'mlflow.runName';
export const parentTag = 'mlflow.parentRunId';
export const noteTag = 'mlflow.note.content';
export const userTag = 'mlflow.user';

type Status = 'RUNNING' | 'SCHEDULED' | 'FINISHED' | 'FAILED' | 'KILLED';

/** A run that was preempted goes on later. */
const statuses: Readonly<Record<RunInfo['status'], Status>> = {
  running: 'RUNNING',
  preempted: 'SCHEDULED',
  finished: 'FINISHED',
  failed: 'FAILED',
  stopped: 'KILLED',
};
export const statusOf = (status: RunInfo['status']): Status => statuses[status];
export const storeStatus = (status: string): RunInfo['status'] | undefined =>
  (Object.keys(statuses) as RunInfo['status'][]).find((own) => statuses[own] === status);

/** Where the files of a run are, for clients. */
export const runRoot = ({ run, experiment }: PlacedRun): string => `mlflow-artifacts:/${experiment}/${run.key}/artifacts`;

/** Parameters as texts. */
export const paramsOf = (run: RunInfo): Record<string, string> =>
  Object.fromEntries(Object.entries(run.params).map(([key, value]) => [key, String(value)]));

/** Tags, with those that MLflow keeps where the store has a column. */
export const tagsOf = (run: RunInfo): Record<string, string> => ({
  ...(run.parent === undefined ? {} : { [parentTag]: run.parent }),
  ...run.tags,
  [nameTag]: run.name,
  ...(run.notes === '' ? {} : { [noteTag]: run.notes }),
});

export const infoShape = (placed: PlacedRun) => ({
  run_id: placed.run.key,
  run_uuid: placed.run.key,
  run_name: placed.run.name,
  experiment_id: String(placed.experiment),
  user_id: placed.run.tags[userTag] ?? '',
  status: statusOf(placed.run.status),
  start_time: placed.startedAt.getTime(),
  ...(placed.endedAt === undefined ? {} : { end_time: placed.endedAt.getTime() }),
  artifact_uri: runRoot(placed),
  lifecycle_stage: placed.isDeleted ? 'deleted' : 'active',
});

export const runShape = (placed: PlacedRun) => ({
  info: infoShape(placed),
  data: {
    metrics: Object.values(placed.run.metrics).map(({ name, last }) => ({
      key: name,
      value: numberOf(last.value),
      timestamp: placed.metricTimes[name] ?? 0,
      step: last.step,
    })),
    params: pairsOf(paramsOf(placed.run)),
    tags: pairsOf(tagsOf(placed.run)),
  },
  inputs: { dataset_inputs: placed.flow.datasets ?? [], model_inputs: placed.flow.modelInputs ?? [] },
  outputs: { model_outputs: placed.flow.modelOutputs ?? [] },
});

export const experimentShape = (e: ExperimentInfo) => ({
  experiment_id: String(e.number),
  name: e.name,
  artifact_location: `mlflow-artifacts:/${e.number}`,
  lifecycle_stage: e.isDeleted ? 'deleted' : 'active',
  creation_time: e.createdAt.getTime(),
  last_update_time: e.changedAt.getTime(),
  tags: pairsOf(e.tags),
});
