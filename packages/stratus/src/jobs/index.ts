import type { Workspace } from '../workspace/index.ts';
import { type SuperviseOptions, type Supervisor, supervise } from './supervise.ts';

export type { JobEvent, SuperviseOptions, Supervisor } from './supervise.ts';
export { canGoOn } from './training.ts';

/**
 * Runs the jobs of a workspace's project: in the order of their priority, as many as the machine has cores and memory for, each as a group of processes of its own. It keeps their
 * output, their timeouts, retries and schedules, and takes over what a supervisor that died has left. Several may work on one store, on several machines: no job runs twice at once.
 *
 * Errors: `bad-value`; what the store refuses later is told to `onEvent` and tried again.
 *
 * @example no-run
 * import { openWorkspace, superviseJobs } from 'stratus';
 * const workspace = await openWorkspace();
 * const supervisor = superviseJobs(workspace, { cores: 2, onEvent: (event) => console.log(event) });
 * await workspace.store.jobs.submit({ command: ['stratus', 'train', 'train.ts'], cwd: process.cwd() });
 * process.once('SIGTERM', () => supervisor.stop().then(() => workspace.close()));
 */
export const superviseJobs = (workspace: Workspace, options: SuperviseOptions = {}): Supervisor => supervise(workspace, options);
