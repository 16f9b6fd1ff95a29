import type { Command } from 'commander';
import type { TokenOptions } from '../keys/index.ts';
import type { TlsFiles } from '../sockets/index.ts';
import { checkNamed, isInRegistry, modelArgument, registryModel } from './model-source.ts';
import { type MonitorFlags, monitorOptions, withMonitor } from './monitor-options.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor, quoted } from './output.ts';
import { type ServerFlags, tlsOf, withServer, workerTeller } from './server-options.ts';
import { onStopSignal } from './stop.ts';
import { type WorkspaceFlags, withWorkspace, workspaceOf } from './workspace.ts';

interface DeployOptions extends WorkspaceFlags, ServerFlags, MonitorFlags {
  readonly keys?: string | false;
  readonly jwks?: string;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly jwtAlgorithm?: readonly string[];
  readonly jwtModelsClaim?: string;
  readonly host: string;
  readonly port?: number;
  readonly name?: string;
  readonly json?: boolean;
}

/** `stratus deploy` */
export function addDeploy(program: Command): void {
  const command = withMonitor(withServer(withWorkspace(program.command('deploy'))))
    .summary('serve a model over HTTP')
    .description(
      'Serves a model, any ONNX file, or a folder of them (NAME.onnx, NAME/VERSION/model.onnx), or a model of the registry (digits@production); folders and aliases are followed: over HTTP, and gRPC where that is wanted, with the Open Inference Protocol v2, and as TensorFlow Serving, SageMaker, Vertex AI, Azure ML and KServe ask. Ctrl-C or SIGTERM ends it when open requests are answered.',
    )
    .argument('<model>', modelArgument('an ONNX file, or a folder of them'))
    .option('--host <host>', 'where to listen; 0.0.0.0 for every network of this machine', '127.0.0.1')
    .option(
      '--port <port>',
      'the port; 0 picks a free one (default: AIP_HTTP_PORT, SAGEMAKER_BIND_TO_PORT, 8080)',
      wholeNumber(0, 65_535),
    )
    .option('--name <name>', 'what clients call the model (default: the name of the file or in the registry)')
    .option('--keys <file>', 'who asks needs a key of this file: stratus keys create; read again when it changes')
    .option('--no-keys', 'let other machines ask without a key, because something before this server checks who asks')
    .option('--jwks <url|file>', 'take tokens (JWT) that are signed with these keys')
    .option('--jwt-issuer <text>', 'who gives the tokens out (iss)')
    .option('--jwt-audience <text>', 'whom the tokens are for (aud)')
    .option('--jwt-algorithm <name...>', 'how they are signed (default: RS256, PS256, ES256, EdDSA)')
    .option('--jwt-models-claim <name>', 'the claim that lists the models a token may ask (default: all)')
    .addOption(jsonOption())
    .action(serve);
  withExamples(
    command,
    'stratus deploy model.onnx',
    'stratus keys create web && stratus deploy model.onnx --host 0.0.0.0 --port 80 --name digits --keys keys.json',
    'stratus deploy digits@production --workers 4',
    'stratus deploy models/ --grpc-port 8001 --log text',
    'stratus deploy model.onnx --tls-cert server.pem --tls-key server.key',
  );
}

async function serve(model: string, { host, port, name, ...options }: DeployOptions, command: Command): Promise<void> {
  const tls = tlsOf(options, command);
  const tokens = tokensOf(options, command);
  await checkNamed(model);
  const { deploy } = await import('../deploy.ts');
  // A number means one version for good: the registry is not needed again. What else is named there is followed.
  const isFollowed = !/:\d+$/.test(model) && (await isInRegistry(model));
  const kept = isFollowed ? undefined : await registryModel(model, options);
  const output = outputFor(options);
  const { bold, cyan, dim } = output.colors;
  const server = await deploy(kept?.bytes ?? model, {
    host,
    port,
    grpcPort: options.grpcPort,
    name: name ?? kept?.name,
    version: kept?.version,
    registry: isFollowed ? workspaceOf(options) : undefined,
    tls,
    origins: options.allowOrigin,
    keys: typeof options.keys === 'string' ? options.keys : undefined,
    withoutKeys: options.keys === false,
    tokens,
    workers: options.workers,
    stopOn: [],
    onWorker: workerTeller(output),
    monitor: await monitorOptions(options),
  });
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      output.note('Stopping when open requests are answered. Ctrl-C again quits at once.');
      resolve();
    };
    // SIGHUP has the server read its files again; where a terminal is gone, it ends.
    onStopSignal(
      stop,
      [],
      (tls ?? tokens ?? (options.keys || undefined)) !== undefined && !process.stdout.isTTY ? 'SIGHUP' : undefined,
    );
  });
  const list = server.workers();
  output.data({
    type: 'serving',
    url: server.url,
    host: server.host,
    port: server.port,
    ...(server.grpc !== undefined && { grpc: server.grpc, grpcPort: server.grpcPort }),
    name: server.name,
    ...(list.length > 0 && { workers: list.map(({ pid }) => pid) }),
  });
  output.print(`Serving ${bold(server.name)} at ${bold(cyan(server.url))}`);
  if (server.grpc !== undefined) output.print(`and over gRPC at ${bold(cyan(server.grpc))}`);
  if (list.length > 0) output.print(`by ${list.length} workers, whose memory and connections are at ${server.url}/workers`);
  if (server.tryIt !== undefined) output.print(`\nTry it:\n  ${curlWith(server.tryIt, tls, server.needsKey)}\n`);
  output.print(dim('Ctrl-C stops it.'));
  await stopped;
  await server.stop();
  output.data({ type: 'stopped' });
  output.note('Stopped.');
}

/** What is said of tokens. */
function tokensOf(options: Omit<DeployOptions, 'host' | 'port'>, command: Command): TokenOptions | undefined {
  const { jwks, jwtIssuer: issuer, jwtAudience: audience, jwtAlgorithm: algorithms, jwtModelsClaim: modelsClaim } = options;
  if (jwks !== undefined && issuer !== undefined && audience !== undefined)
    return { jwks, issuer, audience, algorithms, modelsClaim };
  if (jwks ?? issuer ?? audience ?? algorithms ?? modelsClaim)
    command.error(
      'error: tokens need --jwks, --jwt-issuer and --jwt-audience: one that is for another server must not count here.',
    );
  return undefined;
}

/** The command as it is to be typed where a certificate has to be trusted, or a key sent. */
function curlWith(command: string, tls: TlsFiles | undefined, needsKey: boolean): string {
  const more = [
    ...(tls ? ['--cacert', quoted(tls.cert)] : []),
    ...(tls?.ca === undefined ? [] : ['--cert', 'CLIENT.pem', '--key', 'CLIENT.key']),
    ...(needsKey ? ['-H', '"Authorization: Bearer $STRATUS_KEY"'] : []),
  ];
  return command.replaceAll('curl -s ', `${['curl', '-s', ...more].join(' ')} `);
}
