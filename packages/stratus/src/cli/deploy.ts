import type { Command } from 'commander';
import { modelArgument, registryModel } from './model-source.ts';
import { jsonOption, wholeNumber, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { onStopSignal } from './stop.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface DeployOptions extends WorkspaceFlags {
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  readonly json?: boolean;
}

/** `stratus deploy` */
export function addDeploy(program: Command): void {
  const command = withWorkspace(program.command('deploy'))
    .summary('serve a model over HTTP')
    .description(
      'Serves a model, any ONNX file, over HTTP with the Open Inference Protocol v2. Ctrl-C or SIGTERM ends it when open requests are answered.',
    )
    .argument('<model>', modelArgument('an ONNX file'))
    .option('--host <host>', 'where to listen; 0.0.0.0 for every network of this machine', '127.0.0.1')
    .option('--port <port>', 'the port; 0 picks a free one', wholeNumber(0, 65_535), 8080)
    .option('--name <name>', 'what clients call the model (default: the name of the file or in the registry)')
    .addOption(jsonOption())
    .action((model: string, options: DeployOptions) => serve(model, options));
  withExamples(
    command,
    'stratus deploy model.onnx',
    'stratus deploy model.onnx --host 0.0.0.0 --port 80 --name digits',
    'stratus deploy digits@production',
  );
}

async function serve(model: string, { host, port, name, ...options }: DeployOptions): Promise<void> {
  const { deploy } = await import('../deploy.ts');
  const kept = await registryModel(model, options);
  const output = outputFor(options);
  const { bold, cyan, dim } = output.colors;
  const server = await deploy(kept?.bytes ?? model, { host, port, name: name ?? kept?.name, version: kept?.version, stopOn: [] });
  const stopped = new Promise<void>((resolve) => {
    onStopSignal(() => {
      output.note('Stopping when open requests are answered. Ctrl-C again quits at once.');
      resolve();
    });
  });
  const example = await exampleOf(server.url);
  output.data({ type: 'serving', url: server.url, host: server.host, port: server.port, name: server.name });
  output.print(`Serving ${bold(server.name)} at ${bold(cyan(server.url))}`);
  if (example !== undefined) output.print(`\nTry it:\n  ${example}\n`);
  output.print(dim('Ctrl-C stops it.'));
  await stopped;
  await server.stop();
  output.data({ type: 'stopped' });
  output.note('Stopped.');
}

/** The server knows a request that its model answers. */
async function exampleOf(url: string): Promise<string | undefined> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  const { models } = (await response.json()) as { models?: readonly { readonly try?: string }[] };
  return models?.[0]?.try;
}
