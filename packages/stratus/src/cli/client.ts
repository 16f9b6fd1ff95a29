import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { modelArgument, registryModel } from './model-source.ts';
import { jsonOption, withExamples } from './options.ts';
import { outputFor } from './output.ts';
import { type WorkspaceFlags, withWorkspace } from './workspace.ts';

interface ClientOptions extends WorkspaceFlags {
  readonly out?: string;
  readonly name?: string;
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** `stratus client` */
export function addClient(program: Command): void {
  const command = withWorkspace(program.command('client'))
    .summary('write a typed client for a model')
    .description(
      'Writes a TypeScript module without dependencies that asks a model: a wrong name or a wrong type in a request does not compile. Prints it unless --out says where.',
    )
    .argument(
      '<model>',
      `${modelArgument('an ONNX file')}; or the address of a server (http://127.0.0.1:8080), for all of its models`,
    )
    .option('--out <file>', 'the file to write, which is replaced')
    .option('--name <name>', 'what the server calls the model (default: the name of the file or in the registry)')
    .option('--url <url>', 'where the client asks unless told (default: the server, or http://127.0.0.1:8080)')
    .option('--token <token>', 'for a server that wants one (default: STRATUS_KEY or STRATUS_TOKEN)')
    .addOption(jsonOption())
    .action((model: string, options: ClientOptions) => client(model, options));
  withExamples(
    command,
    'stratus client model.onnx --out model-client.ts',
    'stratus client http://127.0.0.1:8080 --out models.ts',
    'stratus client digits@production',
  );
}

async function client(model: string, { out, ...options }: ClientOptions): Promise<void> {
  const { typedClient } = await import('../serve/index.ts');
  const isServer = /^https?:\/\//.test(model);
  const configs = isServer ? await configsOf(model, options) : [await configOf(model, options)];
  const source = typedClient(configs, options.url ?? (isServer ? new URL(model).origin : 'http://127.0.0.1:8080'));
  const output = outputFor(options);
  const models = configs.map(({ name }) => name);
  if (out === undefined) {
    output.data({ type: 'client', models, source });
    if (!output.json) process.stdout.write(source);
    return;
  }
  try {
    await writeFile(out, source);
  } catch (e) {
    const { fail } = await import('@stratus/core');
    throw fail('file-failed', { file: out, doing: 'write', reason: (e as Error).message }, e);
  }
  output.data({ type: 'client', models, file: out });
  output.print(`${output.colors.bold(out)} asks ${models.join(', ')}`);
}

type Config = Parameters<typeof import('../serve/index.ts').typedClient>[0][number];

/** What a file or a version of the registry is. */
async function configOf(path: string, options: ClientOptions): Promise<Config> {
  const { files } = await import('@stratus/core');
  const { modelConfig, openServable } = await import('../serve/index.ts');
  const kept = await registryModel(path, options);
  const name = options.name ?? kept?.name ?? basename(path, '.onnx');
  const servable = await openServable(kept?.bytes ?? (await files.read(path)), { name, file: kept?.file ?? path });
  try {
    return modelConfig(servable);
  } finally {
    await servable.release();
  }
}

/** What a server says of its models, or of the one whose address it is. Errors: `request-failed`. */
async function configsOf(
  address: string,
  { name, token = process.env['STRATUS_KEY'] ?? process.env['STRATUS_TOKEN'] }: ClientOptions,
): Promise<readonly Config[]> {
  const { origin, pathname } = new URL(address);
  const get = async (path: string): Promise<unknown> => {
    const { fail } = await import('@stratus/core');
    const url = `${origin}${path}`;
    const failed = (reason: string, cause?: unknown) =>
      fail('request-failed', { url, reason, fix: 'Is it the address of a Stratus server, and does it run?' }, cause);
    let response: Response;
    try {
      response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
    } catch (e) {
      throw failed((e as Error & { cause?: Error }).cause?.message ?? (e as Error).message, e);
    }
    const text = await response.text();
    if (response.status === 401)
      throw fail('request-failed', { url, reason: 'it wants a key or a token, or another one', fix: 'Say it with --token, or set STRATUS_KEY or STRATUS_TOKEN.' }); // biome-ignore format: one line
    if (!response.ok) throw failed(`it answered ${response.status}: ${text.slice(0, 200)}`);
    try {
      return JSON.parse(text) as unknown;
    } catch (e) {
      throw failed('it answered no JSON', e);
    }
  };
  const [, own] = /^\/v2\/models\/([^/]+)/.exec(pathname) ?? [];
  const chosen = own === undefined ? name : decodeURIComponent(own);
  const names = chosen === undefined ? ((await get('/v2/models')) as { models: readonly string[] }).models : [chosen];
  return await Promise.all(names.map(async (model) => (await get(`/v2/models/${encodeURIComponent(model)}/config`)) as Config));
}
