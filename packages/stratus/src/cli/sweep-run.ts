import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail } from '@stratus/core';
import { figure } from '../progress/index.ts';
import type { SweepDefinition, SweepProgress, SweepResult } from '../sweeps/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { asked, readJson } from './data.ts';
import { commandName, type Output, outputFor, quoted } from './output.ts';
import { scriptPath } from './run-script.ts';
import { onStopSignal, type PreemptSignal, type StopSignal, trainingExitCodeOf } from './stop.ts';
import { sweepView } from './sweep-live.ts';
import { shownValue } from './sweep-table.ts';
import { enableTypeScript } from './typescript.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface RunOptions extends WorkspaceFlags {
  readonly trials?: number;
  readonly parallel?: number;
  readonly seed?: number;
  readonly name?: string;
  readonly metric?: string;
  readonly goal?: 'minimize' | 'maximize';
  readonly search?: string;
  readonly scheduler?: string;
  readonly epochs?: number;
  readonly resume?: boolean | string;
  readonly key?: string;
  readonly json?: boolean;
}

/** The sweep itself instead of its file, as JSON: whoever starts a job need not put a file there first. */
const isInline = (file: string): boolean => file.trimStart().startsWith('{');

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw fail('usage', {
      reason: `The sweep is no JSON: ${(e as Error).message}.`,
      fix: 'Give a file, or an object: {"space": { … }}.',
    });
  }
}

/** The default of a module, what a JSON file says, or the JSON itself. Errors: `file-not-found`, `usage`, those of definitions. */
async function definitionIn(file: string): Promise<SweepDefinition> {
  const { complete, definitionOf } = await import('../sweeps/index.ts');
  if (isInline(file)) return definitionOf(jsonIn(file));
  const path = await scriptPath(file, 'stratus sweep run');
  if (/\.json$/i.test(path)) return definitionOf(await readJson(path));
  await enableTypeScript();
  const { default: found } = (await import(pathToFileURL(path).href)) as { readonly default?: SweepDefinition };
  if (typeof found !== 'object' || found === null)
    throw fail('usage', {
      reason: `${file} exports no sweep.`,
      fix: 'Write: export default defineSweep({ space: { … }, metric: … }).',
    });
  complete(found);
  return found;
}

/** What options say goes before what the file says. */
async function withOptions(
  definition: SweepDefinition,
  file: string,
  options: RunOptions,
  output: Output,
): Promise<SweepDefinition> {
  const { searchOf, schedulerOf } = await import('../search/index.ts');
  const { trials, seed, metric, goal, search, scheduler } = options;
  const wanted = options.parallel ?? definition.parallel ?? 1;
  const parallel = Math.min(wanted, availableParallelism());
  if (parallel < wanted) output.note(`${parallel} at the same time, not ${wanted}: there are no more cores.`);
  const named = isInline(file) ? 'sweep' : file.replace(/^.*[\\/]/, '').replace(/\.\w+$/, '');
  const name = options.name ?? definition.name ?? named;
  return {
    ...definition,
    steps: 'counted',
    parallel,
    name,
    ...(trials !== undefined && { trials }),
    ...(seed !== undefined && { seed }),
    ...(metric !== undefined && { metric }),
    ...(goal !== undefined && { goal }),
    ...(search !== undefined && { search: asked(() => searchOf(search)) }),
    ...(scheduler !== undefined && { scheduler: asked(() => schedulerOf(scheduler)) }),
  };
}

/** Emits what is new of a sweep's trials, an event each. */
function eventsTo(output: Output): (progress: SweepProgress) => void {
  const told = new Map<number, string>();
  return ({ key, begun }) => {
    for (const { number, status, parameters, value, error, reports, finishedAt, attempts } of begun) {
      if (status !== 'running' && finishedAt === undefined) continue;
      const state = `${status} ${attempts} ${reports.length}`;
      if (told.get(number) === state) continue;
      told.set(number, state);
      output.data({ type: 'trial', sweep: key, number, status, parameters, value, latest: reports.at(-1), error });
    }
  };
}

const minimal = (address: string): string => address.replace(/^sqlite:(\/\/)?/, '');

/** `stratus sweep run` */
export async function runSweep(file: string, script: string, args: readonly string[], options: RunOptions): Promise<void> {
  const { commandLine, scriptTrials, sweep } = await import('../sweeps/index.ts');
  const output = outputFor(options);
  const path = await scriptPath(script, 'stratus sweep run sweep.ts');
  const definition = await withOptions(await definitionIn(file), file, options, output);
  const stop = new AbortController();
  let stopped: StopSignal | PreemptSignal | undefined;
  const stopBy = (signal: StopSignal | PreemptSignal): void => {
    stopped = signal;
    output.note('Stopping the trials. Again quits at once.');
    stop.abort(new Error('The sweep was stopped.'));
  };
  onStopSignal(stopBy, ['SIGUSR1']);
  const result = await inWorkspace(options, async (workspace) => {
    const view = await sweepView(Object.keys(definition.space), { quiet: output.json });
    const tell = eventsTo(output);
    const argv = (folder: string): string[] => [
      commandLine(),
      ...['train', path, '--quiet', '--resume', '--checkpoint', folder],
      ...(options.epochs === undefined ? [] : ['--epochs', String(options.epochs)]),
      ...(args.length > 0 ? ['--', ...args] : []),
    ];
    const folderOf = ({ key }: { readonly key: string }): string => join(dirname(workspace.blobs.address), 'trials', key);
    try {
      return await sweep({
        ...definition,
        workspace,
        signal: stop.signal,
        resume: options.resume ?? options.key !== undefined,
        ...(options.key !== undefined && { key: options.key }),
        objective: scriptTrials({
          argv: (trial) => argv(folderOf(trial)),
          env: environment(workspace, options),
          store: workspace.store,
          metric: definition.metric ?? 'objective',
          checkpoints: folderOf,
        }),
        onChange: (progress) => {
          view.show(progress);
          tell(progress);
        },
      });
    } finally {
      view.end();
    }
  });
  const again = resumeCommand(file, script, { args, key: result.key, options });
  tellEnd(output, result, stopped === undefined ? undefined : again);
  process.exitCode = stopped !== undefined ? trainingExitCodeOf(stopped) : result.best === undefined ? 1 : 0;
}

/** What goes on with a sweep: with the same options, for it must be the same sweep. */
function resumeCommand(
  file: string,
  script: string,
  { args, key, options }: { readonly args: readonly string[]; readonly key: string; readonly options: RunOptions },
): string {
  const { resume: _, key: ___, json: __, ...said } = options;
  const words = Object.entries(said).flatMap(([name, value]) => [`--${name}`, quoted(String(value))]);
  const after = args.length > 0 ? ['--', ...args.map(quoted)] : [];
  return [commandName(), 'sweep', 'run', quoted(file), quoted(script), '--resume', key, ...words, ...after].join(' ');
}

/** Where the processes of trials find what this one works on. */
function environment({ store, blobs }: Workspace, { store: said }: RunOptions): Record<string, string> {
  // The address of a server is shown without its password: as it was said, it has it.
  const address = /^postgres/.test(store.address)
    ? (said ?? process.env['STRATUS_STORE'] ?? store.address)
    : minimal(store.address);
  return { STRATUS_STORE: address, STRATUS_BLOBS: blobs.address, STRATUS_PROJECT: store.project };
}

function tellEnd(output: Output, { key, name, trials, best }: SweepResult, again: string | undefined): void {
  output.data({
    type: again === undefined ? 'done' : 'stopped',
    sweep: key,
    name,
    trials: trials.length,
    best: best ?? null,
    ...(again && { resume: again }),
  });
  if (again !== undefined) output.note(`Stopped. Resume with: ${again}`);
  if (best === undefined) {
    output.note(`No trial has finished. What happened: ${commandName()} sweep show ${key}`);
    return;
  }
  const { bold } = output.colors;
  output.print(`\nBest: trial ${best.number}, ${bold(figure(best.value!))}`);
  for (const [parameter, value] of Object.entries(best.parameters)) output.print(`  ${parameter} = ${bold(shownValue(value))}`);
  output.note(`More: ${commandName()} sweep show ${key}`);
}
