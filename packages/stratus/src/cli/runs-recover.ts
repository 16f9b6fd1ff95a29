import { recover } from '../tracking/index.ts';
import { commandName, outputFor } from './output.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

/** `stratus runs recover` */
export async function recoverFile(file: string, options: WorkspaceFlags & { readonly json?: boolean }): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async (workspace) => {
    const { runs, points, refused } = await recover(workspace, file);
    for (const reason of refused) output.note(`Not stored: ${reason}`);
    output.print(`Stored ${points} points of ${runs.join(', ')}. Look at it: ${commandName()} runs show ${runs[0] ?? 'KEY'}`);
    output.data({ runs, points, refused });
  });
}
