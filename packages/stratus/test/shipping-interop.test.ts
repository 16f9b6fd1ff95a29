// What is made ready for Docker, Compose, Helm and KServe, before the programs that read it: Helm, HAProxy, hadolint, promtool, and the schemas as their projects publish them.
// With STRATUS_WRITE_GOLDEN=1 the committed renderings and schemas are written anew.
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { targets } from '../src/shipping/index.ts';
import { type Running, start } from './cli-process.ts';
import { schemaOf } from './kserve-schemas.ts';
import { freePort } from './postgres-server.ts';
import { answer, inferBody, smallBytes } from './serving.ts';
import { baked, brought, chartDigest, followed, goldenFile, goldenText, renderings, strange, textsOf } from './shipping-cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-shipping-interop-'));
const running: Running[] = [];
afterAll(() => {
  for (const one of running) one.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const writes = process.env['STRATUS_WRITE_GOLDEN'] === '1';
const program = (name: string, ...args: string[]): SpawnSyncReturns<string> =>
  spawnSync(name, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1e8 });
const helm = process.env['STRATUS_HELM'] ?? 'helm';
const hasHelm = program(helm, 'version').status === 0;
const haproxy = ['haproxy', '/usr/sbin/haproxy'].find((name) => program(name, '-v').status === 0);
const venv = fileURLToPath(new URL('../../../.venv/bin/hadolint', import.meta.url));
const hadolint = [
  process.env['STRATUS_PYTHON'] && join(dirname(process.env['STRATUS_PYTHON']), 'hadolint'),
  venv,
  'hadolint',
].find((name) => name && program(name, '--version').status === 0);

function write(texts: ReadonlyMap<string, string>, name: string): string {
  const into = join(folder, name);
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(into, path)), { recursive: true });
    writeFileSync(join(into, path), text);
  }
  return into;
}

describe.skipIf(!hasHelm)('Helm (on the path, or where STRATUS_HELM says)', () => {
  it.each(Object.keys(renderings))('finds nothing to complain of, and renders what is committed: %s', (name) => {
    const { shipment, values } = renderings[name]!;
    const chart = join(write(textsOf(targets.helm, shipment), `helm-${name}`), 'chart');
    const file = join(folder, `${name}-values.yaml`);
    writeFileSync(file, stringify(values));
    const linted = program(helm, 'lint', '--strict', chart, '-f', file);
    expect(linted.status, linted.stdout + linted.stderr).toBe(0);
    const { status, stdout, stderr } = program(helm, 'template', 'live', chart, '-n', 'models', '-f', file);
    expect([status, stderr]).toEqual([0, '']);
    const text = `# ${chartDigest(name)}: written by Helm (shipping-interop.test.ts)\n${stdout}`;
    if (writes) writeFileSync(goldenFile(`helm-${name}.yaml`), text);
    expect(text).toBe(goldenText(`helm-${name}.yaml`));
  });

  it.each([
    ['replicaCount=two', 'replicaCount'],
    ['replicas=3', 'replicas'],
    ['service.httpPort=70000', 'httpPort'],
    ['registry.blobs=/tmp', 'blobs'],
    ['model.reference=digits@production', "where the registry's files are"],
    ['autoscaling.enabled=true,autoscaling.minReplicas=11', 'minReplicas is above'],
  ])('refuses %s', (set, part) => {
    const chart = join(write(textsOf(targets.helm, baked), 'helm-refused'), 'chart');
    const { status, stderr } = program(helm, 'template', 'live', chart, '--set', set);
    expect([status === 0, stderr]).toEqual([false, expect.stringContaining(part)]);
  });
});

it.skipIf(hadolint === undefined)('hadolint finds nothing to complain of (tools/interop-requirements.txt)', () => {
  for (const [i, shipment] of [baked, followed, strange].entries()) {
    const path = join(write(textsOf(targets.docker, shipment), `docker-${i}`), 'image/Dockerfile');
    const { status, stdout } = program(hadolint!, '--no-color', path);
    expect([status, stdout]).toEqual([0, '']);
  }
});

it.runIf(program('promtool', '--version').status === 0)('promtool finds nothing to complain of', () => {
  for (const [i, shipment] of [baked, strange].entries()) {
    const into = write(textsOf(targets.compose, shipment), `prometheus-${i}`);
    const { status, stdout, stderr } = program('promtool', 'check', 'config', '--syntax-only', join(into, 'prometheus.yml'));
    expect(status, stdout + stderr).toBe(0);
  }
});

describe.skipIf(haproxy === undefined)('HAProxy (the Debian package)', () => {
  it('takes the configuration as it is', () => {
    const into = write(textsOf(targets.compose, brought), 'haproxy');
    const { status, stdout, stderr } = program(haproxy!, '-c', '-f', join(into, 'haproxy.cfg'));
    expect([status, stderr.match(/ALERT|WARNING/)], stdout + stderr).toEqual([0, null]);
  });

  it('spreads requests over servers, and loses none when one ends and another one comes', async () => {
    const model = join(folder, 'small.onnx');
    writeFileSync(model, await smallBytes());
    const serve = async (port: number, grpcPort: number): Promise<Running> => {
      const server = start(['deploy', model, '--name', 'm', '--port', String(port), '--grpc-port', String(grpcPort), '--json']);
      running.push(server);
      await server.until(/"type":"serving"/);
      return server;
    };
    const [front, frontGrpc, ...back] = await Promise.all(Array.from({ length: 6 }, () => freePort()));
    const places = [back.slice(0, 2), back.slice(2)] as [number, number][];
    // The same configuration, with names that a machine without Docker knows.
    const text = textsOf(targets.compose, baked)
      .get('haproxy.cfg')!
      .replaceAll(/bind :(\d+)/g, (_, port: string) => `bind 127.0.0.1:${port === '8080' ? front : frontGrpc}`)
      .replaceAll(
        /^ {2}server-template model 1-16 model:(\d+)(.*) resolvers docker init-addr none$/gm,
        (_, port: string, how: string) =>
        places.map(([http, grpc], i) => `  server model${i} 127.0.0.1:${port === '8080' ? http : grpc}${how.replace('8080', String(http))}`).join('\n'), // biome-ignore format: one line
      );
    expect(text).not.toContain('server-template');
    const file = join(folder, 'haproxy-here.cfg');
    writeFileSync(file, text);
    const servers = await Promise.all(places.map((place) => serve(...place)));
    const balancer = spawn(haproxy!, ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    let alerts = '';
    balancer.stderr.on('data', (text) => (alerts += String(text)));
    try {
      const ask = async (): Promise<string> => {
        const body = inferBody([1, 2, 3], [1, 3]);
        // A connection of its own each: what a balancer decides for every one.
        const response = await fetch(`http://127.0.0.1:${front}/v2/models/m/infer`, { method: 'POST', body, headers: { connection: 'close' } }); // biome-ignore format: one line
        if (!response.ok) return `status ${response.status}`;
        const { outputs } = (await response.json()) as { outputs: readonly [{ data: unknown }] };
        return JSON.stringify(outputs[0].data) === JSON.stringify(answer([1, 2, 3])) ? 'ok' : 'wrong';
      };
      const first = async (): Promise<string> => {
        if (balancer.exitCode !== null) throw new Error(alerts);
        return await ask().catch(String);
      };
      await expect.poll(first, { timeout: 60_000 }).toBe('ok');
      const seen = new Map<string, number>();
      let isOver = false;
      const clients = [1, 2].map(async () => {
        while (!isOver) {
          const said = await ask().catch((e: Error & { cause?: unknown }) => `${e.message}: ${String(e.cause)}`);
          seen.set(said, (seen.get(said) ?? 0) + 1);
        }
      });
      const more = async (): Promise<void> => {
        const before = seen.get('ok') ?? 0;
        await expect.poll(() => seen.get('ok') ?? 0, { timeout: 60_000 }).toBeGreaterThan(before + 20);
      };
      await more();
      for (const i of [0, 1]) {
        servers[i]!.kill('SIGTERM');
        expect((await servers[i]!.ended).code).toBe(0);
        await more();
        servers[i] = await serve(...places[i]!);
        // The other one may end only when the balancer has seen that this one is there again.
        const isUp = async (): Promise<boolean> => {
          const stats = await (await fetch(`http://127.0.0.1:${places[i]![0]}/v2/models/m/stats`)).json();
          return (stats as { model_stats: readonly [{ inference_count: number }] }).model_stats[0].inference_count > 0;
        };
        await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
      }
      isOver = true;
      await Promise.all(clients);
      expect([...seen.keys()]).toEqual(['ok']);
    } finally {
      balancer.kill();
    }
  }, 240_000);
});

const go = process.env['STRATUS_GO'] ?? 'go';
const hasGo = program(go, 'version').status === 0;

/** The folder of a module of Go, downloaded where it is not there yet; undefined where it cannot be had. */
function moduleFolder(module: string, version: string): string | undefined {
  const { status, stdout } = spawnSync(go, ['mod', 'download', '-json', `${module}@${version}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, GOFLAGS: '-mod=mod' },
    timeout: 120_000,
  });
  const found = status === 0 ? (JSON.parse(stdout) as { readonly Dir?: string }).Dir : undefined;
  return found !== undefined && existsSync(found) ? found : undefined;
}

describe.skipIf(!hasGo)('the committed schemas (Go, which downloads the modules that publish them)', () => {
  it.each(['compose-schema.json', 'kserve-schemas.json'])(
    'are those of their projects: %s',
    (file) => {
      const compose = file.startsWith('compose');
      const [source, version] = compose ? ['github.com/compose-spec/compose-go/v2', 'v2.9.0'] : ['github.com/kserve/kserve', 'v0.15.2']; // biome-ignore format: one line
      const module = moduleFolder(source!, version!);
      if (module === undefined) return expect(writes, `${source} cannot be downloaded here: nothing was compared`).toBe(false);
      const read = (path: string): string => readFileSync(join(module, path), 'utf8');
      const content = compose
        ? { note: 'schema/compose-spec.json', schema: JSON.parse(read('schema/compose-spec.json')) as unknown }
        : {
            note: 'config/crd/full/serving.kserve.io_{inferenceservices,servingruntimes}.yaml, shortened by kserve-schemas.ts',
            schemas: Object.fromEntries(
              ['inferenceservices', 'servingruntimes'].map((name) =>
                schemaOf(read(`config/crd/full/serving.kserve.io_${name}.yaml`)),
              ),
            ),
          };
      const text = `${JSON.stringify({ source, version, license: 'Apache-2.0', ...content })}\n`;
      if (writes) writeFileSync(goldenFile(file), text);
      expect(text === goldenText(file)).toBe(true);
    },
    180_000,
  );
});
