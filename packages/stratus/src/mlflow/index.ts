import type { Hono } from 'hono';
import type { Workspace } from '../workspace/index.ts';
import type { MlflowAppOptions } from './app.ts';

export { type MlflowAction, type MlflowAuthorize, type MlflowCaller, type MlflowRole, mlflowToken } from './access.ts';
export type { MlflowAppOptions } from './app.ts';

/**
 * The tracking server and model registry of MLflow over a workspace, as an application of web standards: MLflow's own client, unmodified, logs into it and lists from it.
 * It answers below `/api/2.0/mlflow`, `/api/2.0/mlflow-artifacts` and `/api/3.0/mlflow`, and can be mounted in another application: `app.route('/', await mlflowApp(workspace))`.
 *
 * Runs that Stratus made are in experiment 0. Versions of models never change, and a number that was deleted is not given again.
 *
 * Errors: as JSON, `{ "error_code": "RESOURCE_DOES_NOT_EXIST", "message": "…" }`, with MLflow's status for the code. Source: MLflow 3.17, `mlflow/protos/*.proto`.
 *
 * @example no-run
 * import { mlflowApp, mlflowToken, openWorkspace } from 'stratus';
 * const workspace = await openWorkspace();
 * const app = await mlflowApp(workspace, {
 *   authorize: (request) => (mlflowToken(request) === process.env['TOKEN'] ? { actor: 'ci' } : 'unauthenticated'),
 * });
 * console.log((await app.request('/api/2.0/mlflow/experiments/get?experiment_id=0')).status);
 */
export async function mlflowApp(workspace: Workspace, options: MlflowAppOptions = {}): Promise<Hono> {
  return (await import('./app.ts')).appOf(workspace, options); // the forms of requests are loaded by those who need them
}
