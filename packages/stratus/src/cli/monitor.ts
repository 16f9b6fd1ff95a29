import type { Command } from 'commander';
import type { ServerReport } from '../monitor/index.ts';
import { isTerminal, liveLine } from '../progress/index.ts';
import { serverView } from './monitor-view.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { onStopSignal } from './stop.ts';

interface MonitorCommandFlags {
  readonly url: string;
  readonly every: number;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `stratus monitor` */
export function addMonitor(program: Command): void {
  const command = program
    .command('monitor')
    .summary('watch a model that is served')
    .description(
      'Shows what a server knows of its models, again and again: requests a second, latency, errors, batches, how inputs and outputs have moved since the training, and how often answers were right. Where a server wants a key or a token, it is taken from STRATUS_KEY or STRATUS_TOKEN. Ctrl-C ends it.',
    )
    .argument('[model]', 'the name of a model (default: all that the server has)')
    .option('--url <url>', 'where the server is', process.env['STRATUS_URL'] ?? 'http://127.0.0.1:8080')
    .option('--every <seconds>', 'how often to look', wholeNumber(1, 3600), 2)
    .option('--once', 'look once')
    .addOption(jsonOption())
    .action(watch);
  withExamples(
    command,
    'stratus monitor',
    'stratus monitor digits --url http://models.example.org',
    'stratus monitor digits --once --json',
  );
}

/** Errors: `request-failed`, those of the server. */
async function ask(
  url: string,
  { model, token }: { readonly model: string | undefined; readonly token: string | undefined },
): Promise<ServerReport> {
  const { fail } = await import('@stratus/core');
  const base = url.replace(/\/+$/, '');
  const where = model === undefined ? `${base}/v2/monitor` : `${base}/v2/models/${encodeURIComponent(model)}/monitor`;
  const fix = 'Check the address (--url), and that the server runs: stratus deploy or stratus serve.';
  const failed = (reason: string, cause?: unknown, mend = fix) =>
    fail('request-failed', { url: where, reason: reason.replace(/\.+$/, ''), fix: mend }, cause);
  if (!/^https?:\/\//.test(base)) throw failed('an address begins with http:// or https://');
  let response: Response;
  try {
    response = await fetch(where, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    });
  } catch (e) {
    throw failed((e as Error & { cause?: Error }).cause?.message ?? (e as Error).message, e);
  }
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (e) {
    throw failed(`it answered ${response.status} and no JSON`, e);
  }
  if (response.ok && Array.isArray((body as ServerReport).models)) return body as ServerReport;
  const { error, detail } = body as { readonly error?: string; readonly detail?: string };
  if (response.status === 401)
    throw failed('it wants a key or a token, or another one', undefined, 'Set STRATUS_KEY or STRATUS_TOKEN.');
  const said = error ?? detail;
  if (said !== undefined) throw failed(said, undefined, 'The server runs; it is this that it does not answer.');
  throw failed(`it answered ${response.status}, and is no server of Stratus that is watched`);
}

/** So many rates are kept for the curve. */
const mostRates = 40;

async function watch(model: string | undefined, { url, every, once = false, ...flags }: MonitorCommandFlags): Promise<void> {
  const output = outputFor(flags);
  const token = process.env['STRATUS_KEY'] ?? process.env['STRATUS_TOKEN'];
  const first = await ask(url, { model, token });
  const live = !once && !output.json && isTerminal(process.stdout) ? await liveLine(process.stdout) : undefined;
  const rates = new Map<string, readonly number[]>();
  const show = (report: ServerReport): void => {
    for (const { model: name, version, traffic } of report.models) {
      const key = `${name} ${version}`;
      rates.set(key, [...(rates.get(key) ?? []), traffic.perSecond].slice(-mostRates));
    }
    const text = serverView(report, { url, colors: output.colors, rates });
    output.data(report);
    if (live) live.show(text);
    else output.print(text);
  };
  show(first);
  if (once) return;
  const stop = new AbortController();
  onStopSignal(() => stop.abort());
  while (!stop.signal.aborted) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop.signal.removeEventListener('abort', done); // one a round would pile up
        resolve();
      };
      const timer = setTimeout(done, every * 1000);
      stop.signal.addEventListener('abort', done);
    });
    if (stop.signal.aborted) break;
    try {
      show(await ask(url, { model, token }));
    } catch (e) {
      // A server that is started again is there again a moment later.
      const message = (e as Error).message;
      output.data({ type: 'trouble', message });
      if (live) live.show(output.colors.red(message));
      else output.note(message);
    }
  }
  live?.end('leave');
}
