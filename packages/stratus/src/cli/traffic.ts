import { type Command, InvalidArgumentError } from 'commander';
import type { Route, TrafficRule } from '../serve/index.ts';
import type { TrafficRow } from '../store/index.ts';
import { type ModelsOptions, shownDate } from './models.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { inWorkspace, withWorkspace } from './workspace.ts';

interface TrafficOptions extends ModelsOptions {
  readonly route?: readonly Route[];
  readonly shadow?: string;
  readonly maxErrorRate?: number;
  readonly maxP99Ms?: number;
  readonly minRequests?: number;
  readonly maxInputDrift?: number;
  readonly maxOutputDrift?: number;
  readonly minDriftRows?: number;
  readonly end?: true;
  readonly why?: string;
  readonly by?: string;
}

/** 3=90, @production=10, 4=0:next. */
function routeOf(text: string, before: readonly Route[] = []): readonly Route[] {
  const [, version, weight, header] = /^([^=:]+)=(\d+(?:\.\d+)?)(?::(.+))?$/.exec(text) ?? [];
  if (version === undefined) throw new InvalidArgumentError('It must look like 3=90, @production=10 or 4=0:next.');
  return [...before, { version, weight: Number(weight), ...(header !== undefined && { header }) }];
}

const above = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
};

/** `stratus traffic` */
export function addTraffic(program: Command): void {
  withExamples(
    withWorkspace(program.command('traffic'))
      .summary('spread the requests to a model over its versions')
      .description(
        'Says which part of the requests to a model goes to which version, which version is asked too without giving answers, and when the rule before is put back. Servers (stratus serve, and stratus deploy of a model of the registry) follow it a moment later, and no request is lost. Without options, shows what holds and who changed it when and why.',
      )
      .argument('<model>', 'the model')
      .option('--route <version=weight>', 'a version or an alias and its weight; with :WORD also the requests that name it; may be given several times', routeOf) // biome-ignore format: one line
      .option('--shadow <version>', 'a version that is asked too, to see whether it says the same')
      .option('--max-error-rate <share>', 'put the rule before back when more of its requests than this share fail: 0.02', above)
      .option('--max-p99-ms <number>', 'put the rule before back when 1 % of its requests take longer', above)
      .option('--min-requests <number>', 'say nothing of fewer requests (default: 100)', wholeNumber(1, 1_000_000))
      .option(
        '--max-input-drift <index>',
        "put the rule before back when an input has moved further from the version's training: 0.25 is much",
        above,
      )
      .option(
        '--max-output-drift <index>',
        'put the rule before back when what it says has moved further from what the other versions say',
        above,
      )
      .option('--min-drift-rows <number>', 'say nothing about drift of fewer samples (default: 500)', wholeNumber(50, 100_000))
      .option('--end', 'let all requests go to @production, or the newest version, again')
      .option('--why <text>', 'the reason, which is kept')
      .option('--by <name>', 'who does it (default: the user of this machine)')
      .addOption(jsonOption())
      .action((model: string, options: TrafficOptions) => traffic(model, options)),
    'stratus traffic digits --route 3=95 --route 4=5 --max-error-rate 0.02 --max-p99-ms 50 --why "a canary"',
    'stratus traffic digits --route @production=90 --route 4=10 --max-input-drift 0.25 --max-output-drift 0.25',
    'stratus traffic digits --route @production=1 --shadow 4',
    'stratus traffic digits --end',
    'stratus traffic digits',
  );
}

/** The rule that the options make; undefined where they make none. Errors: `usage`. */
async function ruleOf(model: string, options: TrafficOptions): Promise<TrafficRule | undefined> {
  const { route: routes, shadow, maxErrorRate: errorRate, maxP99Ms: p99Ms, minRequests, end } = options;
  const { maxInputDrift: inputs, maxOutputDrift: outputs, minDriftRows: minRows } = options;
  const { fail } = await import('@stratus/core');
  const given = <T extends object>(values: T): T =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
  const drift = (inputs ?? outputs) !== undefined ? given({ inputs, outputs, minRows }) : undefined;
  const more = [shadow, errorRate, p99Ms, minRequests, inputs, outputs, minRows].some((option) => option !== undefined);
  const refuse = (reason: string, fix: string) => fail('usage', { reason, fix });
  if (end && (routes || more)) throw refuse('--end and a rule are given.', 'Give --end alone, or the rule.');
  if (!routes && more) throw refuse('A rule needs routes.', 'Add them: --route 3=95 --route 4=5.');
  if (minRequests !== undefined && errorRate === undefined && p99Ms === undefined)
    throw refuse('--min-requests says more about --max-error-rate and --max-p99-ms.', 'Give one of them.');
  if (minRows !== undefined && !drift)
    throw refuse('--min-drift-rows says more about --max-input-drift and --max-output-drift.', 'Give one of them.');
  if (!routes) return undefined;
  const { checkRule } = await import('../serve/index.ts');
  return checkRule({
    model,
    routes,
    ...(shadow !== undefined && { shadow: { version: shadow } }),
    ...((errorRate ?? p99Ms ?? drift) !== undefined && { rollback: given({ errorRate, p99Ms, minRequests, drift }) }),
  });
}

async function traffic(model: string, options: TrafficOptions): Promise<void> {
  const output = outputFor(options);
  const rule = await ruleOf(model, options);
  const { why, by, end } = options;
  const changes = await inWorkspace(options, async ({ store }) => {
    if (rule) await (await import('../registry/index.ts')).checkTraffic(store, rule);
    if (rule || end)
      await store.traffic.append(model, {
        rule: rule ?? null,
        ...(why !== undefined && { why }),
        ...(by !== undefined && { by }),
      });
    return await store.traffic.history(model);
  });
  const holds = changes[0]?.rule as TrafficRule | null | undefined;
  output.data({ model, rule: holds ?? null, changes });
  const { bold, cyan, dim } = output.colors;
  output.print(`${bold(model)}${holds ? '' : ': all requests go to @production, or the newest version'}`);
  for (const line of holds ? linesOf(holds) : []) output.print(`  ${line}`);
  if (changes.length > 0) output.print('');
  for (const change of changes) output.print(lineOf(change));

  function linesOf({ routes, shadow, rollback }: TrafficRule): string[] {
    const total = routes.reduce((sum, { weight }) => sum + weight, 0);
    const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;
    const limits = [
      rollback?.errorRate !== undefined && `more than ${percent(rollback.errorRate)} of its requests fail`,
      rollback?.p99Ms !== undefined && `1 % of them take more than ${rollback.p99Ms} ms`,
    ].filter((limit) => limit !== false);
    const { drift } = rollback ?? {};
    const moves = [
      drift?.inputs !== undefined && `an input has moved by more than ${drift.inputs} from the training`,
      drift?.outputs !== undefined && `an output by more than ${drift.outputs} from what the other versions say`,
    ].filter((limit) => limit !== false);
    return [
      ...routes.map(
        ({ version, weight, header }) =>
          `${percent(weight / total).padStart(8)}  ${cyan(version)}${header === undefined ? '' : `, and requests that name it ${bold(header)}`}`,
      ),
      ...(shadow ? [`${'shadow'.padStart(8)}  ${cyan(shadow.version)}`] : []),
      ...(limits.length > 0
        ? [dim(`The rule before is put back when, of ${rollback?.minRequests ?? 100} requests or more, ${limits.join(', or ')}.`)]
        : []),
      ...(drift
        ? [
            dim(
              `The rule before is put back when, of ${drift.minRows ?? 500} samples or more, ${moves.join(', or ')} (population stability index).`,
            ),
          ]
        : []),
    ];
  }

  function lineOf({ number, rule, kind, by, why, at }: TrafficRow): string {
    const held = rule as TrafficRule | null;
    const shadow = held?.shadow ? [`shadow ${held.shadow.version}`] : [];
    const routes = held && [...held.routes.map(({ version, weight }) => `${version}=${weight}`), ...shadow].join(' ');
    return `${dim(`${number}`)}  ${shownDate(at)}  ${kind === 'rollback' ? 'rolled back to ' : ''}${routes ?? 'no rule'}  ${by}${why && `  “${why}”`}`;
  }
}
