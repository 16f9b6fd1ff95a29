import { type Command, Option } from 'commander';
import type { Workspace, WorkspaceOptions } from '../workspace/index.ts';

/** The options of commands that work on a store. */
export interface WorkspaceFlags {
  readonly store?: string;
  readonly blobs?: string;
  readonly project?: string;
}

/** Gives a command the options of {@link WorkspaceFlags}. */
export const withWorkspace = (command: Command): Command =>
  command
    .addOption(
      new Option('--store <address>', 'the store: a file, or postgres://…').default(
        undefined,
        'STRATUS_STORE, or .stratus/store.db',
      ),
    )
    .addOption(
      new Option('--blobs <address>', 'where files lie: a folder, or s3://bucket/prefix?endpoint=…').default(
        undefined,
        'STRATUS_BLOBS, or beside the store',
      ),
    )
    .addOption(new Option('--project <name>', 'the project').default(undefined, 'STRATUS_PROJECT, or default'));

/** The workspace that a command's options name. */
export const workspaceOf = ({ store, blobs, project }: WorkspaceFlags): WorkspaceOptions => ({
  ...(store !== undefined && { store }),
  ...(blobs !== undefined && { blobs }),
  ...(project !== undefined && { project }),
});

/** Does something in the workspace that a command's options name, and closes it. */
export async function inWorkspace<T>(flags: WorkspaceFlags, work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const { openWorkspace } = await import('../workspace/index.ts');
  const workspace = await openWorkspace(workspaceOf(flags));
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}
