import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mlflowToken } from '../src/mlflow/index.ts';
import { type Exchange, listen, openApp } from './mlflow-server.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

const python = process.env['STRATUS_MLFLOW_PYTHON'];
const version =
  python && spawnSync(python, ['-c', 'import mlflow.version; print(mlflow.version.VERSION)'], { encoding: 'utf8' }).stdout.trim();
const why = python === undefined ? 'say with STRATUS_MLFLOW_PYTHON which Python has it' : `${python} lacks it`;

const data = join(import.meta.dirname, 'golden');
const script = join(import.meta.dirname, 'mlflow-client.py');

/** What the client makes of the server of MLflow itself, but for infinity, which it keeps as the largest number that there is. */
function expected(): unknown {
  const answers = JSON.parse(readFileSync(join(data, 'mlflow-answers.json'), 'utf8'));
  expect(answers.run.metrics.large).toBe(Number.MAX_VALUE);
  answers.run.metrics.large = 'inf';
  return { ...answers, client: version };
}

async function answersOf(store?: string): Promise<{ answers: unknown; exchanges: Exchange[]; errors: readonly unknown[] }> {
  const { app, errors, close } = await openApp(store === undefined ? {} : { store });
  const exchanges: Exchange[] = [];
  const server = await listen(app, (exchange) => exchanges.push(exchange));
  try {
    const { stdout } = await promisify(execFile)(python!, [script, server.url], { timeout: 170_000, maxBuffer: 2 ** 26 });
    return { answers: JSON.parse(stdout), exchanges, errors };
  } finally {
    await server.close();
    await close();
  }
}

/** The requests for `mlflow-replay.test.ts`, without what is only true of one machine. */
function write(exchanges: readonly Exchange[]): void {
  const withoutPaths = (base64: string): string => {
    const path = /\/[\w./-]*site-packages/g; // as long as before: what a pickle says of lengths stays true
    const text = Buffer.from(base64, 'base64').toString('latin1');
    return Buffer.from(
      text.replace(path, (found) => '/'.padEnd(found.length, 'x')),
      'latin1',
    ).toString('base64');
  };
  const one = (exchange: Exchange): string =>
    JSON.stringify({ ...exchange, ...(exchange.base64 && { base64: withoutPaths(exchange.base64) }) })
      .replaceAll(script, 'mlflow-client.py')
      .replace(/\{"key":"mlflow\.source\.git\.\w+","value":"[^"]*"\},?/g, '');
  const lines = exchanges.map((exchange) => `  ${one(exchange).replaceAll(/,\]/g, ']')}`);
  writeFileSync(
    join(data, 'mlflow-requests.json'),
    `{\n "client": ${JSON.stringify(version)},\n "exchanges": [\n${lines.join(',\n')}\n ]\n}\n`,
  );
}

const parts = `
import json, os, sys, tempfile
os.environ['MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT'] = 'true'
import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
def refusal(call):
    try:
        call()
    except MlflowException as e:
        return e.error_code
content = bytes(i * 7 % 251 for i in range(50000))
with mlflow.start_run() as run:
    path = os.path.join(tempfile.mkdtemp(), 'large.bin')
    with open(path, 'wb') as f:
        f.write(content)
    mlflow.log_artifact(path, 'deep/er')
    got = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path='deep/er/large.bin')
    with open(got, 'rb') as f:
        same = f.read() == content
client.create_registered_model('net')
client.create_model_version('net', run.info.artifact_uri + '/deep', run.info.run_id)
alias = refusal(lambda: client.set_registered_model_alias('net', 'champion', '1'))
os.environ['MLFLOW_TRACKING_TOKEN'] = 'wrong'
print(json.dumps({'same': same, 'alias': alias, 'stranger': refusal(lambda: client.get_run(run.info.run_id))}))
`;

describe('the client of MLflow itself', () => {
  let postgres: PostgresServer | undefined;
  beforeAll(async () => {
    if (version && postgresPrograms !== undefined) postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('sees what it sees of its own server, on SQLite (Python package mlflow)', { timeout: 180_000 }, async (ctx) => {
    if (!version) ctx.skip(`needs a Python with mlflow: ${why}`);
    const { answers, exchanges, errors } = await answersOf();
    expect(answers).toEqual(expected());
    expect(errors).toEqual([]);
    expect(
      exchanges
        .filter(({ status }) => status >= 500 || status === 404)
        .filter(({ answer }) => (answer as { error_code: string }).error_code !== 'RESOURCE_DOES_NOT_EXIST'),
    ).toEqual([]);
    if (process.env['STRATUS_MLFLOW_RECORD']) write(exchanges);
  });

  it('sees the same on PostgreSQL (Python package mlflow; initdb)', { timeout: 180_000 }, async (ctx) => {
    if (!version || postgres === undefined) ctx.skip(`needs PostgreSQL and a Python with mlflow: ${why}`);
    const { answers, errors } = await answersOf(
      `postgres://reader:${encodeURIComponent(postgres!.password)}@127.0.0.1:${postgres!.port}/postgres`,
    );
    expect(answers).toEqual(expected());
    expect(errors).toEqual([]);
  });

  it('sends its token, and large files in parts (Python package mlflow)', { timeout: 180_000 }, async (ctx) => {
    if (!version) ctx.skip(`needs a Python with mlflow: ${why}`);
    const { app, workspace, errors, close } = await openApp({
      authorize: (request, { role }) =>
        mlflowToken(request) !== 's3cret' ? 'unauthenticated' : role === 'deployer' ? 'forbidden' : { actor: 'ci' },
    });
    const paths: string[] = [];
    const server = await listen(app, ({ method, path }) => paths.push(`${method} ${path}`));
    try {
      const environment = {
        ...process.env,
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '40000',
        MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: '20000',
      };
      const env = { ...environment, MLFLOW_TRACKING_TOKEN: 's3cret', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' };
      const { stdout } = await promisify(execFile)(python!, ['-c', parts, server.url], { timeout: 170_000, env });
      expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual({
        same: true,
        alias: 'PERMISSION_DENIED',
        stranger: 'UNAUTHENTICATED',
      });
      expect(paths.filter((path) => path.includes('/mpu/part/')).length).toBe(3);
      expect((await workspace.store.models.version('net', 1)).createdBy).toBe('ci');
      expect(errors).toEqual([]);
    } finally {
      await server.close();
      await close();
    }
  });
});
