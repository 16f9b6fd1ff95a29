// `stratus package`, as users run it: built, in processes of its own.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, events, start } from './cli-process.ts';
import { smallBytes } from './serving.ts';

const cwd = mkdtempSync(join(tmpdir(), 'stratus-cli-package-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const stratus = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> => start(args, { cwd, env }).ended;
const read = (path: string): string => readFileSync(join(cwd, path), 'utf8');

beforeAll(async () => {
  writeFileSync(join(cwd, 'small.onnx'), await smallBytes());
  expect((await stratus(['models', 'register', 'small.onnx', '--name', 'net'])).code).toBe(0);
  expect((await stratus(['models', 'promote', 'net:1', 'production'])).code).toBe(0);
});

it('writes a model with keys, says what to do next, and overwrites nothing unasked and secrets never', async () => {
  const first = await stratus(['package', 'small.onnx', '--for', 'helm', '--image', 'registry.example.org/small:1', '--json']);
  const [said] = events(first.stdout) as [{ files: string[]; next: string[]; name: string; follows: boolean }];
  expect([first.code, first.stderr, said.name, said.follows]).toEqual([0, '', 'small', false]);
  for (const file of said.files) expect(existsSync(join(cwd, 'small-helm', file))).toBe(true);
  expect(said.next).toEqual([
    'cd small-helm',
    'docker build -t registry.example.org/small:1 image',
    'docker push registry.example.org/small:1',
    'kubectl create secret generic small-keys --from-file=keys.json=secrets/keys.json --from-file=prometheus-key=secrets/prometheus-key',
    'helm upgrade --install small chart',
  ]);
  expect(readFileSync(join(cwd, 'small-helm/image/model.onnx')).equals(readFileSync(join(cwd, 'small.onnx')))).toBe(true);
  expect([read('small-helm/secrets/.gitignore'), statSync(join(cwd, 'small-helm/secrets')).mode & 0o777]).toEqual(['*\n', 0o700]);
  const key = read('small-helm/secrets/clients-key');
  expect(key).toMatch(/^sk_\w+/);

  const again = await stratus(['package', 'small.onnx', '--for', 'helm']);
  expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('chart/Chart.yaml, chart/values.yaml, chart/values.schema.json, … already')]); // biome-ignore format: one line
  const forced = await stratus(['package', 'small.onnx', '--for', 'helm', '--force', '--name', 'other', '--json']);
  expect(forced.code).toBe(0); // into other-helm
  const over = await stratus(['package', 'small.onnx', 'small-helm', '--for', 'helm', '--force', '--json']);
  const [{ kept }] = events(over.stdout) as [{ kept: string[] }];
  expect([over.code, kept.sort(), read('small-helm/secrets/clients-key')]).toEqual([0, ['secrets/clients-key', 'secrets/prometheus-key'], key]); // biome-ignore format: one line
}, 120_000);

it('puts a version of a registry that is a file into the image, and says so', async () => {
  const { code, stdout, stderr } = await stratus(['package', 'net@production', 'baked', '--for', 'docker', '--no-keys']);
  expect([code, stderr]).toEqual([0, expect.stringContaining('net:1 goes into the image as it is now')]);
  expect(stdout).toMatch(
    /Next:\n {2}cd baked\n {2}docker build -t net:[0-9a-f]{12} image\n {2}docker run -d -p 127\.0\.0\.1:.+\n {2}curl -s http:\/\/127\.0\.0\.1:\d+\/v2\/models\n/,
  );
  expect(read('baked/image/Dockerfile')).toContain('"--no-keys"');
  expect(existsSync(join(cwd, 'baked/secrets'))).toBe(false);
}, 120_000);

it('brings a registry with Compose, which begins with the version as it is', async () => {
  const { code, stdout } = await stratus(['package', 'net@production', '--for', 'compose', '--json']);
  const [said] = events(stdout) as [{ follows: boolean; next: string[] }];
  expect([code, said.follows]).toEqual([0, true]);
  expect(said.next.slice(1, 4)).toEqual([
    'docker compose build',
    'docker compose run --rm stratus models import /models/model.tar',
    'docker compose run --rm stratus models promote net:1 production',
  ]);
  // What the containers are told: the store by a file with its password, and the version from the archive.
  const [, password] = /^postgres:\/\/stratus:([\w-]{32})@postgres\/stratus$/.exec(read('net-compose/secrets/store'))!;
  expect(read('net-compose/secrets/postgres-password')).toBe(password);
  expect(read('net-compose/compose.yaml')).not.toContain(password);
  writeFileSync(join(cwd, 'address'), `${join(cwd, 'elsewhere/store.db')}\n`);
  const env = { STRATUS_STORE_FILE: join(cwd, 'address') };
  expect((await stratus(['models', 'import', 'net-compose/models/model.tar'], env)).code).toBe(0);
  expect(existsSync(join(cwd, 'elsewhere/store.db'))).toBe(true);
  expect((await stratus(['models', 'promote', 'net:1', 'production'], env)).code).toBe(0);
  const gone = await stratus(['models', 'ls'], { STRATUS_STORE_FILE: join(cwd, 'nowhere') });
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('STRATUS_STORE_FILE')]);
}, 120_000);

it.each([
  [['small.onnx', '--for', 'hlm'], 2, "Did you mean 'helm'?"],
  [['small.onnx', '--for', 'podman'], 2, 'Known: docker, compose, helm, kserve.\n'],
  [['small.onnx'], 2, '--for <target>'],
  [['net', '--for', 'docker'], 1, 'net@production, net:1'],
  [['small.onnx', '--for', 'docker', '--image', 'Small'], 1, 'a name in lower case and a tag'],
  [['.', '--for', 'docker'], 2, 'is a folder'],
  [['gone.onnx', '--for', 'docker'], 1, 'gone.onnx'],
  [['nett@production', '--for', 'docker'], 1, "Did you mean 'net'?"],
] as const)(
  'refuses %j',
  async (args, code, part) => {
    const ended = await stratus(['package', ...args]);
    expect(ended.stderr).toContain(part);
    expect(ended.code).toBe(code);
  },
  60_000,
);
