import { trainingDefaults } from '@stratus/core';
import type { ParamValue } from '../store/index.ts';
import { openWorkspace, type WorkspaceOptions, workspacePlace } from '../workspace/index.ts';
import type { ActiveRun, ChildOptions } from './active-run.ts';
import { givenParams } from './given-params.ts';
import { Recording, type RecordingOptions } from './recording.ts';
import { undeliveredText } from './undelivered-text.ts';

/** How a run is begun. */
export interface StartRunOptions extends ChildOptions, WorkspaceOptions {
  /** The run to go on with, or to be made with this key; else what STRATUS_RUN says. Errors: `bad-value` of the store, as a warning. */
  readonly key?: string;
  readonly params?: Readonly<Record<string, ParamValue>>;
}

const slot = Symbol.for('stratus.recording');
/** What this process records, for all copies of the package in it: the command line's and the script's. */
const world = globalThis as unknown as Record<symbol, Recording | undefined>;

/**
 * The run that goes on in this process: the one of `stratus train`, or the one that {@link startRun} began; undefined where there is none.
 *
 * @example
 * import { currentRun } from 'stratus';
 * const { learningRate = 0.01 } = currentRun()?.params() ?? {};
 * currentRun()?.tag('purpose', 'a try');
 * console.log(learningRate); // 0.01
 */
export const currentRun = (): ActiveRun | undefined => world[slot]?.current;

/**
 * Begins to record: every `fit` from here on, metrics, files, what is printed, and what the process takes. `fit` needs to be told nothing. Under `stratus train` it is the run of the command;
 * within another run it is a part of that.
 *
 * Errors: `bad-value` for STRATUS_PARAMS that is no JSON, and for a name, parameter, tag or note that no store can hold. A store that fails is a warning: training goes on, and what could not be stored waits in a file.
 *
 * @example no-run
 * import { startRun } from 'stratus';
 * const run = await startRun({ name: 'wider', tags: { team: 'vision' } });
 * run.log({ 'dataset size': 60_000 });
 * await run.artifact('notes.txt', 'a wider network');
 * await run.finish();
 */
export async function startRun(options: StartRunOptions = {}): Promise<ActiveRun> {
  const { key, name, params, tags, notes, ...workspace } = options;
  const said = {
    ...(name !== undefined && { name }),
    ...(params && { params }),
    ...(tags && { tags }),
    ...(notes !== undefined && { notes }),
  };
  const around = world[slot];
  if (around) {
    const current = around.current ?? around.run;
    if (around.run.isOpen) return current.begin(said, key);
    if (key !== undefined) around.run.goOnWith(key);
    around.run.describe(said);
    around.run.open();
    return around.run;
  }
  const warn = (text: string): void => void process.stderr.write(`${text}\n`);
  const recording = record({
    open: () => openWorkspace(workspace),
    warn,
    folder: '.stratus',
    place: workspacePlace(workspace),
    key: key ?? (process.env['STRATUS_RUN'] || undefined),
    as: { ...said, params: { ...givenParams(process.env), ...params } },
    script: process.argv[1],
    onEnd: (left) => left && warn(undeliveredText(left)),
  });
  endWithProcess(recording);
  recording.run.open();
  return recording.run;
}

/** A script that ends, or fails, without having said so. */
function endWithProcess(recording: Recording): void {
  let error: { readonly reason: unknown } | undefined;
  const seen = (reason: unknown): void => {
    error = { reason };
  };
  const ended = (): void => void recording.run.finish();
  const gone = (code: number): void => recording.abandon(error || code !== 0 ? 'failed' : 'finished', error?.reason);
  process.once('uncaughtExceptionMonitor', seen).once('beforeExit', ended).once('exit', gone);
  recording.whenOver(() => {
    process.off('uncaughtExceptionMonitor', seen).off('beforeExit', ended).off('exit', gone);
  });
}

/** Records this process from here on, and every training in it. */
export function record(options: RecordingOptions): Recording {
  const recording = new Recording(options);
  world[slot] = recording;
  const defaults = trainingDefaults();
  const { watch, saved } = defaults;
  defaults.watch = () => [...[watch?.() ?? []].flat(), recording.watch()];
  defaults.saved = async (path) => {
    await saved?.(path);
    recording.saved(path);
  };
  recording.whenOver(() => {
    if (world[slot] === recording) world[slot] = undefined;
    Object.assign(defaults, { watch, saved });
  });
  return recording;
}
