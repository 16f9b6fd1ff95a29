import { figure } from '../progress/index.ts';
import type { SweepInfo, TrialInfo } from '../sweeps/index.ts';
import { asked } from './data.ts';
import { commandName, outputFor, table } from './output.ts';
import { countsOf, shownValue, trialTable } from './sweep-table.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface ShowOptions extends WorkspaceFlags {
  readonly json?: boolean;
}

/** A name that is not there is wrong use. */
const find = async (options: ShowOptions, sweep: string): Promise<SweepInfo> => {
  const { readSweep } = await import('../sweeps/index.ts');
  const found = await inWorkspace(options, ({ store }) =>
    readSweep(store, sweep).then(
      (info) => () => info,
      (e: unknown) => () => {
        throw e;
      },
    ),
  );
  return asked(found);
};

const plain = ({ reports: _, ...trial }: TrialInfo): Omit<TrialInfo, 'reports'> => trial;

async function plainSweep({ space, trialRuns, best, ...rest }: SweepInfo): Promise<Record<string, unknown>> {
  const { spaceJson } = await import('../search/index.ts');
  return { ...rest, space: spaceJson(space), best: best === undefined ? null : plain(best), trialRuns: trialRuns.map(plain) };
}

/** `stratus sweep ls` */
export async function showSweeps({ limit, ...options }: ShowOptions & { readonly limit: number }): Promise<void> {
  const { listSweeps } = await import('../sweeps/index.ts');
  const output = outputFor(options);
  const sweeps = await inWorkspace(options, ({ store }) => listSweeps(store, { limit }));
  output.data(await Promise.all(sweeps.map(plainSweep)));
  if (sweeps.length === 0)
    return output.print(`There are no sweeps yet. Begin one: ${commandName()} sweep run sweep.ts train.ts`);
  const { dim } = output.colors;
  const head = ['key', 'name', 'state', 'best', 'metric', 'trials', 'begun'].map(dim);
  const rows = sweeps.map(({ key, name, status, best, metric, trials, trialRuns, createdAt }) => [
    key,
    name,
    status,
    best === undefined ? '' : figure(best.value!),
    metric,
    `${trialRuns.length}/${trials}`,
    createdAt.toISOString().slice(0, 16).replace('T', ' '),
  ]);
  output.print(table([head, ...rows], ['left', 'left', 'left', 'right', 'left', 'right']));
}

/** `stratus sweep show` */
export async function showSweep(
  name: string,
  { limit, sort, ...options }: ShowOptions & { readonly limit: number; readonly sort: 'value' | 'number' },
): Promise<void> {
  const { byValue } = await import('../sweeps/index.ts');
  const output = outputFor(options);
  const sweep = await find(options, name);
  output.data(await plainSweep(sweep));
  const { bold, dim } = output.colors;
  const { goal, metric, search, scheduler, seed, status, best, trialRuns, trials } = sweep;
  output.print(`${bold(sweep.name)}  ${dim(sweep.key)}  ${status}`);
  const facts = [
    `${goal} ${metric}`,
    search,
    ...(scheduler === undefined ? [] : [`stopped early by ${scheduler}`]),
    `seed ${seed}`,
  ];
  output.print(dim(facts.join(' · ')));
  output.print(`${trialRuns.length} of ${trials} trials: ${countsOf(trialRuns)}\n`);
  const sorted = sort === 'value' ? [...trialRuns].sort(byValue(goal)) : trialRuns;
  output.print(
    trialTable(sorted.slice(0, limit), { names: Object.keys(sweep.space), best: best?.number, colors: output.colors }),
  );
  if (sorted.length > limit) output.print(dim(`… and ${sorted.length - limit} more (--limit)`));
  if (status === 'interrupted') output.note(`It can go on: ${commandName()} sweep run SWEEP SCRIPT --resume ${sweep.key}`);
}

const barLength = 30;

/** `stratus sweep importance` */
export async function showImportance(name: string, options: ShowOptions): Promise<void> {
  const { importance } = await import('../search/index.ts');
  const output = outputFor(options);
  const { key, space, trialRuns, metric } = await find(options, name);
  const found = importance(space, trialRuns);
  const finished = trialRuns.filter(({ status }) => status === 'finished').length;
  output.data({ sweep: key, metric, trials: finished, importance: found });
  const { dim, cyan } = output.colors;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const head = ['parameter', 'alone', 'in all', ''].map(dim);
  const rows = found.map(({ name: parameter, main, total }) => {
    const [alone, all] = [main, total].map((share) => Math.round(barLength * Math.min(1, Math.max(0, share)))) as [
      number,
      number,
    ];
    return [parameter, percent(main), percent(total), `${cyan('█'.repeat(alone))}${dim('░'.repeat(Math.max(0, all - alone)))}`];
  });
  output.print(table([head, ...rows], ['left', 'right', 'right', 'left']));
  output.note(
    `Share of the variance of ${metric} over the space, by ${finished} finished trials${finished < 30 ? ': few, so take it as a hint' : ''}.`,
  );
}

/** `stratus sweep best` */
export async function showBest(
  name: string,
  {
    register,
    artifact,
    notes,
    ...options
  }: ShowOptions & { readonly register?: string; readonly artifact?: string; readonly notes?: string },
): Promise<void> {
  const { fail } = await import('@stratus/core');
  const output = outputFor(options);
  const { best, key, metric } = await find(options, name);
  if (best === undefined)
    throw fail('bad-value', {
      what: `the sweep '${name}' (${key})`,
      got: 'no finished trial',
      want: 'at least one with a value',
      fix: `What happened: ${commandName()} sweep show ${key}`,
    });
  const { bold, dim } = output.colors;
  output.print(`Trial ${best.number}  ${metric} ${bold(figure(best.value!))}  ${dim(`run ${best.key}`)}`);
  output.print(table(Object.entries(best.parameters).map(([parameter, value]) => [`  ${parameter}`, bold(shownValue(value))])));
  if (register === undefined) {
    output.data({ sweep: key, best: plain(best) });
    return;
  }
  const { registerBest } = await import('../sweeps/index.ts');
  const version = await inWorkspace(options, (workspace) =>
    registerBest(workspace, key, register, {
      ...(artifact !== undefined && { artifact }),
      ...(notes !== undefined && { notes }),
    }),
  );
  output.data({ sweep: key, best: plain(best), version });
  output.print(`\nRegistered as ${bold(`${version.model}, version ${version.number}`)}  ${dim(version.digest)}`);
}
