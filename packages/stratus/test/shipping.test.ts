// What `stratus package` makes ready: read by parsers and checked with the schemas of those whose files they are; and what it says is run.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { DockerfileParser } from 'dockerfile-ast';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { createKey } from '../src/keys/index.ts';
import { imageParts, plainName, type Shipment, targets } from '../src/shipping/index.ts';
import { type Running, root, start } from './cli-process.ts';
import { complaints, type KubernetesObject } from './kubernetes-objects.ts';
import { freePort } from './postgres-server.ts';
import { answer, failure, inferBody, smallBytes } from './serving.ts';
import { baked, brought, chartDigest, followed, goldenText, renderings, strange, textsOf } from './shipping-cases.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-shipping-'));
const running: Running[] = [];
afterAll(() => {
  for (const one of running) one.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const shipments: readonly (readonly [string, Shipment])[] = Object.entries({ baked, followed, brought, strange });
const objectsIn = (text: string): KubernetesObject[] =>
  parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as KubernetesObject;
  });
/** A schema says itself which one it is of, in several ways; all here are of draft 7. */
const compiled = ({ $schema: _, ...schema }: Record<string, unknown>): ValidateFunction =>
  new Ajv({ strict: false, allErrors: true }).compile(schema);
const json = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

interface Container {
  readonly args: readonly string[];
  readonly ports: readonly { readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
}
interface Probe {
  readonly httpGet: { readonly path: string };
}
interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes: readonly { readonly name: string }[];
  readonly terminationGracePeriodSeconds?: number;
}

describe.each(Object.keys(renderings))('the chart of Helm, rendered: %s', (name) => {
  const text = goldenText(`helm-${name}.yaml`);
  const objects = objectsIn(text);

  it('is what Helm made of the templates as they are (STRATUS_WRITE_GOLDEN=1 and Helm write it anew)', () => {
    expect(text.slice(2, 66)).toBe(chartDigest(name));
  });

  it('is made of objects that Kubernetes knows', () => {
    expect(objects.map((object) => [object.kind, complaints(object)])).toEqual(objects.map(({ kind }) => [kind, []]));
  });

  it('fits together', () => {
    const one = (kind: string) => objects.find((object) => object.kind === kind)?.spec as Record<string, never> | undefined;
    const deployment = one('Deployment') as unknown as {
      readonly replicas?: number;
      readonly selector: { readonly matchLabels: object };
      readonly template: { readonly metadata: { readonly labels: object }; readonly spec: PodSpec };
    };
    const { labels } = deployment.template.metadata;
    const selected = (kind: string, field: string): object =>
      (one(kind)?.[field] as { readonly matchLabels?: object } | undefined)?.matchLabels ?? {};
    expect(labels).toMatchObject(deployment.selector.matchLabels);
    expect(labels).toMatchObject((one('Service') as unknown as { readonly selector: object }).selector);
    expect(labels).toMatchObject(selected('PodDisruptionBudget', 'selector'));
    expect(labels).toMatchObject(selected('NetworkPolicy', 'podSelector'));
    const pod = deployment.template.spec;
    const [container] = pod.containers;
    expect(container.volumeMounts.map((mount) => mount.name)).toEqual(pod.volumes.map((volume) => volume.name));
    const sleep = Number(container.lifecycle!.preStop.exec.command[1]);
    expect(pod.terminationGracePeriodSeconds).toBe(sleep + 15); // 10 s for what is open, and some to end
    expect(deployment.replicas === undefined).toBe(objects.some(({ kind }) => kind === 'HorizontalPodAutoscaler'));
  });
});

it('complains of objects that are wrong', () => {
  const objects = () => objectsIn(goldenText('helm-registry.yaml')) as unknown as Record<string, Record<string, never>>[];
  const wrong = (kind: string, spoil: (spec: never) => void): string => {
    const object = objects().find((one) => (one['kind'] as unknown) === kind)!;
    spoil(object['spec'] as never);
    return complaints(object as unknown as KubernetesObject).join('\n');
  };
  expect(wrong('Deployment', (spec: { replcas?: number }) => void (spec.replcas = 2))).toContain('/spec/replcas is not known');
  expect(wrong('Deployment', (spec: { template: { spec: PodSpec & { containers: [{ readinesProbe?: object }] } } }) => void (spec.template.spec.containers[0].readinesProbe = {}))).toContain('readinesProbe'); // biome-ignore format: one line
  expect(wrong('Service', (spec: { ports: { port: unknown }[] }) => void (spec.ports[0]!.port = 'http'))).toContain('integer');
  expect(wrong('HorizontalPodAutoscaler', (spec: { maxReplicas?: number }) => void delete spec.maxReplicas)).toContain('maxReplicas'); // biome-ignore format: one line
  expect(wrong('ServiceMonitor', (spec: { endpoints: unknown }) => void (spec.endpoints = {}))).toContain('array');
  const [runtime] = objectsIn(textsOf(targets.kserve, baked).get('serving-runtime.yaml')!);
  expect(complaints({ ...runtime!, spec: { ...(runtime!.spec as object), supportedFormats: [] } }).join()).toContain('supportedFormats'); // biome-ignore format: one line
});

it('checks values: those of the chart are right, and slips are told', () => {
  for (const [, shipment] of shipments) {
    const texts = textsOf(targets.helm, shipment);
    const valid = compiled(json(texts.get('chart/values.schema.json')!));
    const values = parse(texts.get('chart/values.yaml')!) as Record<string, object>;
    expect([valid(values), valid.errors]).toEqual([true, null]);
    expect((values['model'] as { name: string }).name).toBe(shipment.name);
    const spoilt: readonly object[] = [
      { replicaCount: -1 },
      { replicas: 3 },
      { image: { repository: 'x', tag: 1, pullPolicy: 'Always' } },
      { image: { ...values['image'], pullPolicy: 'Sometimes' } },
      { keys: { enabled: 'yes', secretName: '' } },
      { service: { ...values['service'], httpPort: 0 } },
      { podDisruptionBudget: { enabled: true, maxUnavailable: 'half' } },
      { serviceMonitor: { ...values['serviceMonitor'], interval: '15' } },
      { registry: { ...values['registry'], blobs: '/srv/blobs' } },
      { model: { name: '' } },
      { preStopSeconds: '5' },
    ];
    for (const change of spoilt) expect([change, valid({ ...values, ...change })]).toEqual([change, false]);
  }
});

describe.each(shipments)('%s', (_, shipment) => {
  it('for KServe: a runtime and a service that fit its schemas and each other', () => {
    const texts = textsOf(targets.kserve, shipment);
    const [runtime] = objectsIn(texts.get('serving-runtime.yaml')!);
    const [service] = objectsIn(texts.get('inference-service.yaml')!);
    expect([complaints(runtime!), complaints(service!)]).toEqual([[], []]);
    expect(service!.spec).toMatchObject({ predictor: { model: { runtime: runtime!.metadata.name, protocolVersion: 'v2' } } });
    const { args } = (runtime!.spec as PodSpec).containers[0];
    expect(args[args.indexOf('--name') + 1]).toBe('{{.Name}}'); // KServe's own words for the name of the service
  });

  it('for Compose: fits its schema, and every file that it names is written', () => {
    const texts = textsOf(targets.compose, shipment);
    const valid = compiled(json(goldenText('compose-schema.json'))['schema'] as Record<string, unknown>);
    const file = parse(texts.get('compose.yaml')!) as {
      readonly services: Readonly<Record<string, { readonly volumes?: readonly string[]; readonly secrets?: readonly (string | { source: string })[] }>>; // biome-ignore format: one line
      readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
      readonly volumes?: object;
    };
    expect([valid(file), valid.errors]).toEqual([true, null]);
    expect(valid({ ...file, services: { model: { imagee: 'x' } } })).toBe(false);
    const made = shipment.keys ? ['secrets/keys.json', ...targets.compose.keys.map(({ path }) => path)] : [];
    const there = [...texts.keys(), ...made];
    const secrets = Object.values(file.services).flatMap((service) => service.secrets ?? []);
    for (const secret of secrets) expect(Object.keys(file.secrets ?? {})).toContain(typeof secret === 'string' ? secret : secret.source); // biome-ignore format: one line
    for (const secret of Object.values(file.secrets ?? {})) expect(there).toContain(secret.file.replace('./', ''));
    const volumes = Object.values(file.services).flatMap((service) => service.volumes ?? []);
    for (const volume of volumes) {
      const [from] = volume.split(':') as [string];
      if (!from.startsWith('./')) expect(Object.keys(file.volumes!)).toContain(from);
      else if (from !== './models') expect(there).toContain(from.slice(2));
    }
    if (shipment === followed) expect(texts.get('compose.yaml')).toContain('x=$$HOME'); // no variable of whoever starts it
    expect(texts.get('compose.yaml')).not.toContain('pa$$word');
  });

  it('for Docker: a small image that is pinned, has no shell before the server, and runs as nobody', () => {
    const dockerfile = DockerfileParser.parse(textsOf(targets.docker, shipment).get('image/Dockerfile')!);
    const all = dockerfile.getInstructions();
    const last = (keyword: string): string =>
      all.filter((one) => one.getKeyword() === keyword).at(-1)!.getArgumentsContent()!; // biome-ignore format: one line
    const pinned = 'node:$' + '{NODE_VERSION}-slim';
    expect(dockerfile.getFROMs().map((from) => from.getImage())).toEqual([pinned, pinned]);
    expect(last('ARG')).toBe('NODE_VERSION=20.19.0');
    expect(last('USER')).toBe('1000:1000');
    expect(last('EXPOSE')).toBe('8080 8001');
    expect([JSON.parse(last('ENTRYPOINT')), (JSON.parse(last('CMD')) as string[])[0]]).toEqual([['node', '/srv/entry.mjs'], 'deploy']); // biome-ignore format: one line
    const manifest = json(textsOf(targets.docker, shipment).get('image/package.json')!);
    expect(manifest['dependencies']).toEqual({ stratus: '1.2.3' });
    const copied = all.filter((one) => one.getKeyword() === 'COPY').map((one) => one.getArgumentsContent()!);
    expect(copied.some((text) => text.includes('model.onnx'))).toBe(shipment.source.kind === 'file');
  });
});

it('starts, is asked, and ends as the image, the chart and the runtime say', async () => {
  const dockerfile = DockerfileParser.parse(textsOf(targets.docker, baked).get('image/Dockerfile')!);
  const command = (keyword: string): string =>
    dockerfile
      .getInstructions()
      .find((one) => one.getKeyword() === keyword)!
      .getArgumentsContent()!;
  const args = JSON.parse(command('CMD')) as string[];
  const deployment = objectsIn(goldenText('helm-defaults.yaml')).find(({ kind }) => kind === 'Deployment')!;
  const inChart = (deployment.spec as { template: { spec: PodSpec } }).template.spec.containers[0];
  const inRuntime = (objectsIn(textsOf(targets.kserve, baked).get('serving-runtime.yaml')!)[0]!.spec as PodSpec).containers[0];
  expect(inChart.args).toEqual(args);
  expect(inRuntime.args.map((arg) => (arg === '{{.Name}}' ? 'digits' : arg))).toEqual(args);

  mkdirSync(join(folder, 'keys'));
  const keys = join(folder, 'keys/keys.json');
  const { secret } = await createKey(keys, { name: 'clients' });
  writeFileSync(join(folder, 'model.onnx'), await smallBytes());
  const here: Readonly<Record<string, string>> = { '/srv/model/model.onnx': join(folder, 'model.onnx'), '/etc/stratus/keys/keys.json': keys, '0.0.0.0': '127.0.0.1', '8080': '0', '8001': '0' }; // biome-ignore format: one line
  const server = start([...args.map((arg) => here[arg] ?? arg), '--json'], { cwd: folder });
  running.push(server);
  const [, url] = await server.until(/"url":"([^"]+)"/);
  const status = async (path: string, headers: Record<string, string> = {}): Promise<number> =>
    (await fetch(`${url}${path}`, { headers })).status;
  const asKey = { authorization: `Bearer ${secret}` };
  for (const { startupProbe, readinessProbe, livenessProbe } of [inChart, inRuntime])
    for (const { httpGet } of [startupProbe, readinessProbe, livenessProbe]) expect(await status(httpGet.path)).toBe(200);
  expect([await status('/metrics'), await status('/metrics', asKey)]).toEqual([401, 200]);
  const body = inferBody([1, 2, 3], [1, 3]);
  const ask = (headers: Record<string, string>): Promise<number> =>
    fetch(`${url}/v2/models/digits/infer`, { method: 'POST', body, headers }).then((response) => response.status);
  expect([await ask({}), await ask(asKey)]).toEqual([401, 200]);

  const [program, ...probe] = JSON.parse(/CMD (\[.*\])$/.exec(command('HEALTHCHECK'))![1]!) as [string, ...string[]];
  const healthy = (): number | null =>
    spawnSync(
      program,
      probe.map((arg) => arg.replace('http://127.0.0.1:8080', url!)),
    ).status;
  expect(healthy()).toBe(0);
  server.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  expect(healthy()).toBe(1);
}, 120_000);

it('answers SageMaker, which starts its containers with the one word serve, and everybody else as before', async () => {
  const dockerfile = textsOf(targets.docker, baked).get('image/Dockerfile')!;
  const copied = /^COPY package\.json (entry\.mjs) \.\/$/m.exec(dockerfile)![1]!;
  const ignored = textsOf(targets.docker, baked).get('image/.dockerignore')!.split('\n');
  expect(ignored).toContain(`!${copied}`);
  // The folder /srv, as the image has it.
  const srv = join(folder, 'srv');
  mkdirSync(join(srv, 'node_modules'), { recursive: true });
  mkdirSync(join(srv, 'model'));
  symlinkSync(join(root, 'packages/stratus'), join(srv, 'node_modules/stratus'));
  writeFileSync(join(srv, 'model/model.onnx'), await smallBytes());
  const program = join(srv, copied);
  const shipped: Shipment = { ...baked, name: 'Große Zahl', keys: true };
  writeFileSync(program, textsOf(targets.docker, shipped).get('image/entry.mjs')!);
  const brought = join(folder, 'opt-ml-model');
  const body = JSON.stringify({ instances: [[1, 2, 3]] });
  const headers = { 'content-type': 'application/json' };
  const served = async (): Promise<string[]> => {
    for (let attempt = 1; ; attempt++) {
      const port = String(await freePort());
      const server = start(['serve'], { cwd: folder, program, env: { SAGEMAKER_BIND_TO_PORT: port, SM_MODEL_DIR: brought } });
      running.push(server);
      try {
        await server.until(/Serving/);
      } catch (e) {
        if (attempt === 5 || !/already in use/.test(String(e))) throw e; // somebody was quicker
        continue;
      }
      const url = `http://127.0.0.1:${port}`;
      expect((await fetch(`${url}/ping`)).status).toBe(200);
      const answered = await fetch(`${url}/invocations`, { method: 'POST', body, headers });
      expect([answered.status, await answered.json()]).toEqual([200, { predictions: [answer([1, 2, 3])] }]);
      const { models } = (await (await fetch(`${url}/v2/models`)).json()) as { models: string[] };
      server.kill('SIGTERM');
      expect((await server.ended).code).toBe(0);
      return models;
    }
  };
  expect(await served()).toEqual([shipped.name]);
  mkdirSync(brought);
  writeFileSync(join(brought, 'other.onnx'), await smallBytes());
  rmSync(join(srv, 'model/model.onnx')); // what was unpacked is served, not the model of the image
  expect(await served()).toEqual([shipped.name]);
  mkdirSync(join(brought, 'birds/1'), { recursive: true });
  renameSync(join(brought, 'other.onnx'), join(brought, 'birds/1/model.onnx'));
  expect(await served()).toEqual(['birds']);

  writeFileSync(program, textsOf(targets.docker, { ...followed, name: 'digits' }).get('image/entry.mjs')!);
  rmSync(brought, { recursive: true });
  const alone = await start(['serve'], {
    cwd: folder,
    program,
    env: { SM_MODEL_DIR: brought, STRATUS_STORE: join(folder, 'no.db') },
  }).ended;
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining("'digits'")]);
  expect((await start(['--version'], { program }).ended).stdout).toMatch(/^\d+\.\d+\.\d+$/m);
  expect((await start(['serve', '--help'], { program }).ended).stdout).toContain('Starts everything');
}, 240_000);

it('gives things names that those who read them take', async () => {
  expect(['Große Zahl', '9 lives', '数字', 'a'.repeat(60), 'x_y.z-'].map(plainName)).toEqual(['gro-e-zahl', 'lives', 'model', 'a'.repeat(40), 'x-y-z']); // biome-ignore format: one line
  expect(imageParts('registry.example.org:5000/team/digits:1.0')).toEqual({ repository: 'registry.example.org:5000/team/digits', tag: '1.0' }); // biome-ignore format: one line
  for (const name of ['digits', 'Digits:1', 'digits:', 'a b:1', 'digits:1; rm', ''])
    expect(await failure(Promise.resolve().then(() => imageParts(name)))).toMatchObject({ code: 'bad-value' });
});
