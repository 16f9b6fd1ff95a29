// What is made ready in the tests, and how charts are rendered: the committed renderings are Helm's own (shipping-interop.test.ts).
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Shipment, type Target, targets } from '../src/shipping/index.ts';

const common = { version: '1.2.3', node: '20.19.0', keys: true } as const;
const fileSource = { kind: 'file', bytes: new Uint8Array([1, 2, 3]) } as const;

/** A model in the image. */
export const baked: Shipment = { ...common, name: 'digits', source: fileSource, image: 'registry.example.org/team/digits:1' };

/** One in a registry that can be reached. */
export const followed: Shipment = {
  ...common,
  name: 'digits',
  source: {
    kind: 'registry',
    reference: 'digits@production',
    store: 'postgres://stratus:pa$$word@db.example.org/stratus',
    blobs: 's3://models/digits?endpoint=https://s3.example.org&x=$HOME',
    project: 'vision',
  },
  image: 'digits:1.2.3',
};

/** One in a registry that the target brings. */
export const brought: Shipment = {
  ...followed,
  source: { kind: 'registry', reference: 'digits@production', store: undefined, blobs: undefined, project: undefined, archive: new Uint8Array([4]) }, // biome-ignore format: one line
};

/** A name with everything in it that means something to YAML, JSON, templates and shells. */
export const strange: Shipment = { ...baked, name: 'Große "Zahl": {{ .x }} #1 $(y) \\ \u0085', keys: false };

/** Renderings of charts: what is made ready, and the values that are set. */
export const renderings: Readonly<Record<string, { readonly shipment: Shipment; readonly values: object }>> = {
  defaults: { shipment: baked, values: {} },
  strange: { shipment: strange, values: {} },
  registry: {
    shipment: followed,
    values: {
      autoscaling: { enabled: true, maxReplicas: 20 },
      serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
      networkPolicy: {
        metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
        extraEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      },
      podDisruptionBudget: { maxUnavailable: '25%' },
    },
  },
  everything: {
    shipment: followed,
    values: {
      registry: { secretName: 'shared', blobs: '', blobsClaim: 'models' },
      keys: { secretName: 'own-keys' },
      extraArgs: ['--triton-metrics'],
      env: [{ name: 'TZ', value: 'UTC' }],
      imagePullSecrets: [{ name: 'pull' }],
      service: { type: 'LoadBalancer', httpPort: 80, annotations: { 'example.org/a': 'b' } },
      serviceAccount: { name: 'server', annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/models' } },
      podAnnotations: { 'example.org/c': 'd' },
      podLabels: { team: 'vision' },
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'models', operator: 'Exists' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] } }] } }, // biome-ignore format: one line
      priorityClassName: 'high',
      preStopSeconds: 20,
    },
  },
  bare: {
    shipment: { ...baked, keys: false },
    values: { podDisruptionBudget: { enabled: false }, networkPolicy: { enabled: false }, serviceAccount: { create: false } },
  },
};

/** The texts of a target, by their paths. */
export const textsOf = (target: Target, shipment: Shipment): ReadonlyMap<string, string> =>
  new Map(
    target
      .files(shipment)
      .map(({ path, content }) => [path, typeof content === 'string' ? content : Buffer.from(content).toString('latin1')]),
  );

/** What a rendering was made of. */
export function chartDigest(name: string): string {
  const { shipment, values } = renderings[name]!;
  const chart = [...textsOf(targets.helm, shipment)].filter(([path]) => path.startsWith('chart/'));
  return createHash('sha256')
    .update(JSON.stringify([chart, values]))
    .digest('hex');
}

/** Where a committed file of these tests is. */
export const goldenFile = (file: string): URL => new URL(`golden/shipping/${file}`, import.meta.url);

export const goldenText = (file: string): string => readFileSync(goldenFile(file), 'utf8');
