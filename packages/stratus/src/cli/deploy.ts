import type { Command } from 'commander';
import type { TlsFiles } from '../sockets/index.ts';
import { modelArgument, registryModel } from './model-source.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor, quoted } from './output.ts';
import { type ServerFlags, tlsOf, withServer } from './server-options.ts';
import { onStopSignal } from './stop.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface DeployOptions extends WorkspaceFlags, ServerFlags {
  readonly workers?: number;
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  readonly json?: boolean;
}

/** `stratus deploy` */
export function addDeploy(program: Command): void {
  const command = withServer(withWorkspace(program.command('deploy')))
    .summary('serve a model over HTTP')
    .description(
      'Serves a model, any ONNX file, over HTTP with the Open Inference Protocol v2. Ctrl-C or SIGTERM ends it when open requests are answered.',
    )
    .argument('<model>', modelArgument('an ONNX file'))
    .option('--host <host>', 'where to listen; 0.0.0.0 for every network of this machine', '127.0.0.1')
    .option('--port <port>', 'the port; 0 picks a free one', wholeNumber(0, 65_535), 8080)
    .option('--name <name>', 'what clients call the model (default: the name of the file or in the registry)')
    .option('--workers <n>', 'so many processes share the port and the cores; one that ends is replaced', wholeNumber(1, 1024), 1)
    .addOption(jsonOption())
    .action(serve);
  withExamples(
    command,
    'stratus deploy model.onnx',
    'stratus deploy model.onnx --host 0.0.0.0 --port 80 --name digits',
    'stratus deploy digits@production --workers 4',
    'stratus deploy model.onnx --tls-cert server.pem --tls-key server.key',
  );
}

async function serve(model: string, { host, port, name, workers, ...options }: DeployOptions, command: Command): Promise<void> {
  const tls = tlsOf(options, command);
  const { deploy } = await import('../deploy.ts');
  const kept = await registryModel(model, options);
  const output = outputFor(options);
  const { bold, cyan, dim } = output.colors;
  const server = await deploy(kept?.bytes ?? model, {
    host,
    port,
    name: name ?? kept?.name,
    version: kept?.version,
    tls,
    origins: options.allowOrigin,
    workers,
    stopOn: [],
    onWorker(event) {
      output.data(event);
      if (event.type === 'worker-ended') output.note(`Worker ${event.pid} ended ${byWhat(event)}; another one starts.`);
    },
  });
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      output.note('Stopping when open requests are answered. Ctrl-C again quits at once.');
      resolve();
    };
    // SIGHUP has the server read its files again; where a terminal is gone, it ends.
    onStopSignal(stop, [], tls !== undefined && !process.stdout.isTTY ? 'SIGHUP' : undefined);
  });
  const list = server.workers();
  output.data({
    type: 'serving',
    url: server.url,
    host: server.host,
    port: server.port,
    name: server.name,
    ...(list.length > 0 && { workers: list.map(({ pid }) => pid) }),
  });
  output.print(`Serving ${bold(server.name)} at ${bold(cyan(server.url))}`);
  if (list.length > 0) output.print(`by ${list.length} workers, whose memory and connections are at ${server.url}/workers`);
  if (server.tryIt !== undefined) output.print(`\nTry it:\n  ${curlWith(server.tryIt, tls)}\n`);
  output.print(dim('Ctrl-C stops it.'));
  await stopped;
  await server.stop();
  output.data({ type: 'stopped' });
  output.note('Stopped.');
}

const byWhat = ({ code, signal }: { readonly code: number | null; readonly signal: string | null }): string =>
  signal === null ? `with exit code ${code}` : `by ${signal}`;

/** The command as it is to be typed where a certificate has to be trusted. */
const curlWith = (command: string, tls: TlsFiles | undefined): string =>
  tls === undefined
    ? command
    : command.replaceAll(
        'curl -s ',
        `curl -s --cacert ${quoted(tls.cert)}${tls.ca === undefined ? '' : ' --cert CLIENT.pem --key CLIENT.key'} `,
      );
