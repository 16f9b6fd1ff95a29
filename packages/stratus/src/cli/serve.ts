import type { Command } from 'commander';
import type { JobEvent } from '../jobs/index.ts';
import { explain } from './failure.ts';
import { jobLine } from './jobs-run.ts';
import { type MonitorFlags, monitorOptions, withMonitor } from './monitor-options.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { type ServerFlags, tlsOf, withServer, workerTeller } from './server-options.ts';
import { onStopSignal } from './stop.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface ServeFlags extends WorkspaceFlags, ServerFlags, MonitorFlags {
  readonly host: string;
  readonly port: number;
  readonly jobs: boolean;
  readonly json?: boolean;
}

/** `stratus serve` */
export function addServe(program: Command): void {
  const command = withMonitor(withServer(withWorkspace(program.command('serve'))))
    .summary('the API, the models of the registry, jobs')
    .description(
      "Starts everything: the REST API over runs, metrics, models and files (/api), what MLflow's client asks for, the models of the registry, of each @production or its newest version (/v2), and the jobs of the project. Ctrl-C or SIGTERM ends it when open requests are answered and jobs have saved what they have.",
    )
    .option('--host <host>', 'where to listen; 0.0.0.0 for every network of this machine, which needs tokens', '127.0.0.1')
    .option('--port <port>', 'the port; 0 picks a free one', wholeNumber(0, 65_535), 8080)
    .option('--no-jobs', 'run no jobs: leave them to stratus jobs run, here or on other machines')
    .addOption(jsonOption())
    .action(serve);
  withExamples(
    command,
    'stratus serve',
    'stratus tokens create ann --role admin --all-projects && stratus serve --host 0.0.0.0',
    'stratus serve --workers 4 --grpc-port 8001',
    'stratus serve --store postgres://stratus@db.example.org/stratus --blobs /srv/blobs',
  );
}

async function serve(
  { host, port, allowOrigin, jobs, store, blobs, project, ...flags }: ServeFlags,
  command: Command,
): Promise<void> {
  const tls = tlsOf(flags, command);
  const { startServer } = await import('../server.ts');
  const output = outputFor(flags);
  const { bold, cyan, dim } = output.colors;
  const tell = (event: JobEvent): void => {
    output.data(event.type === 'trouble' ? { type: 'trouble', ...explain(event.error) } : event);
    output.print(jobLine(event));
  };
  const server = await startServer({
    host,
    port,
    grpcPort: flags.grpcPort,
    workers: flags.workers,
    onWorker: workerTeller(output),
    origins: allowOrigin,
    tls,
    stopOn: [],
    monitor: await monitorOptions(flags),
    ...(jobs && { jobs: { onEvent: tell } }),
    ...(store !== undefined && { store }),
    ...(blobs !== undefined && { blobs }),
    ...(project !== undefined && { project }),
  });
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => {
      output.note(
        `Stopping when open requests are answered${jobs ? ' and jobs have saved what they have' : ''}. Ctrl-C again quits at once.`,
      );
      resolve();
    };
    onStopSignal(stop, [], tls !== undefined && !process.stdout.isTTY ? 'SIGHUP' : undefined); // then it reads its files again
  });
  const { stop: _, workers, ...about } = server;
  const list = workers();
  output.data({ type: 'serving', ...about, ...(list.length > 0 && { workers: list.map(({ pid }) => pid) }) });
  output.print(`Serving the project ${bold(server.project)} at ${bold(cyan(server.url))}`);
  output.print(`  ${server.url}/api  runs, metrics, models, files, jobs`);
  output.print(`  ${server.url}/v2   models of the registry: @production, or the newest version`);
  if (server.grpc !== undefined) output.print(`  ${server.grpc}  the same models over gRPC`);
  output.print(`  MLFLOW_TRACKING_URI=${server.url}  for MLflow's client`);
  if (list.length > 0) output.print(`  by ${list.length} workers, whose memory and connections are at ${server.url}/workers`);
  if (jobs) output.print('  and runs the jobs of the project: stratus jobs submit');
  output.print(
    `\n${server.needsToken ? 'Who asks needs a token: stratus tokens create.' : 'Open to programs of this machine: there is no token yet.'}`,
  );
  output.print(dim(`Store: ${server.store}\nFiles: ${server.blobs}\nCtrl-C stops it.`));
  await stopped;
  await server.stop();
  output.data({ type: 'stopped' });
  output.note('Stopped.');
}
