import type { RunEnd } from '../tracking/index.ts';
import { commandName } from './output.ts';
import type { WorkspaceFlags } from './workspace.ts';

interface Told {
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  /** A run came into being, or goes on. */
  readonly begun: (key: string) => void;
}

/** The run of a training script. */
interface TrainRecording {
  /** Says how it ended, and stores what is left. */
  end(status: RunEnd, error?: string): Promise<void>;
  /** Says how to look at it. */
  look(): void;
}

/** Records a training script as a run; undefined where nothing is to be recorded. Errors: `bad-value` for STRATUS_PARAMS. */
export async function trainRecording(
  script: string,
  {
    run,
    resume = false,
    checkpoint,
    ...flags
  }: { readonly run: boolean; readonly resume?: boolean; readonly checkpoint: string } & WorkspaceFlags,
  { note, warn, begun }: Told,
): Promise<TrainRecording | undefined> {
  const { givenParams, keyOfCheckpoints, record, undeliveredText } = await import('../tracking/index.ts');
  const params = givenParams(process.env);
  if (!run) return undefined;
  const { basename, extname } = await import('node:path');
  const { openWorkspace, workspacePlace } = await import('../workspace/index.ts');
  const { store, blobs, project } = flags;
  const workspace = {
    ...(store !== undefined && { store }),
    ...(blobs !== undefined && { blobs }),
    ...(project !== undefined && { project }),
  };
  const said = process.env['STRATUS_RUN'] || undefined;
  const recording = record({
    open: () => openWorkspace(workspace),
    warn,
    folder: checkpoint,
    place: workspacePlace(workspace),
    key: said,
    as: { name: basename(script, extname(script)), params },
    script,
    onOpen({ key }) {
      note(`Run ${key}`);
      begun(key);
    },
  });
  // A script may ask for its run before it calls fit.
  const before = resume && said === undefined ? await keyOfCheckpoints(checkpoint) : undefined;
  if (before !== undefined) recording.run.goOnWith(before);
  process.once('exit', () => recording.abandon());
  if (said !== undefined) recording.run.open(); // who gave it a key waits for it
  return {
    async end(status, error) {
      const left = await recording.finish(status, error);
      if (left) warn(undeliveredText(left));
    },
    look() {
      if (recording.run.isOpen) note(`Look at the run: ${commandName()} runs show ${recording.run.key}`);
    },
  };
}
