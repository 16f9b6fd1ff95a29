import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LogForm, MonitorOptions } from '../monitor/index.ts';
import { colorsFor } from '../progress/index.ts';

/** Flags of commands that serve models: what is watched. */
export interface MonitorFlags {
  readonly metrics: boolean;
  readonly tritonMetrics?: boolean;
  readonly log: LogForm;
  readonly capture?: string;
  readonly captureRate?: number;
  readonly captureRedact?: readonly string[];
  readonly alerts?: string;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a share from 0 to 1.');
}

/** Adds the flags to a command. */
export const withMonitor = (command: Command): Command =>
  command
    .option('--no-metrics', 'no page for Prometheus at /metrics')
    .option('--triton-metrics', "metrics also under Triton Inference Server's names")
    .addOption(
      new Option('--log <form>', 'a line on standard error for each request').choices(['json', 'text', 'none']).default('none'),
    )
    .option('--capture <folder>', 'keep what is asked and answered, as lines of JSON in files that are limited')
    .option('--capture-rate <share>', 'of this share of the requests (default: 1)', share)
    .option('--capture-redact <name...>', 'but not what these inputs and outputs hold')
    .option('--alerts <file>', 'rules of alerts and where to tell, as JSON: { "rules": […], "webhooks": [{ "url" }] }');

/** What the flags say. Bodies of webhooks are signed with STRATUS_WEBHOOK_SECRET. Errors: `file-failed`, `bad-value`. */
export async function monitorOptions(flags: MonitorFlags): Promise<MonitorOptions> {
  const { metrics, tritonMetrics = false, log, capture, captureRate, captureRedact, alerts } = flags;
  return {
    metrics: metrics && tritonMetrics ? 'triton' : metrics,
    log,
    logColors: colorsFor(process.stderr).isColorSupported,
    ...(capture !== undefined && {
      capture: {
        folder: capture,
        ...(captureRate !== undefined && { rate: captureRate }),
        ...(captureRedact && { redact: captureRedact }),
      },
    }),
    ...(alerts !== undefined && { alerts: await alertsOf(alerts) }),
  };
}

async function alertsOf(file: string): Promise<NonNullable<MonitorOptions['alerts']>> {
  const { fail } = await import('@stratus/core');
  const { checkRules } = await import('../monitor/index.ts');
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'));
  } catch (e) {
    throw fail('file-failed', { file, doing: 'Reading', reason: (e as Error).message }, e);
  }
  const { rules, webhooks = [] } = (parsed ?? {}) as { readonly rules?: unknown; readonly webhooks?: unknown };
  const isList =
    Array.isArray(webhooks) && webhooks.every((one: unknown) => typeof (one as { url?: unknown } | null)?.url === 'string');
  if (!isList)
    throw fail('bad-value', { what: `the webhooks in ${file}`, got: typeof webhooks, want: '[{ "url": "https://…" }]' });
  const secret = process.env['STRATUS_WEBHOOK_SECRET'];
  return {
    rules: checkRules(rules),
    webhooks: (webhooks as { readonly url: string }[]).map(({ url }) => ({ url, ...(secret !== undefined && { secret }) })),
  };
}
