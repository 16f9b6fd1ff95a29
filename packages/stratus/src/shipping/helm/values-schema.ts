const text = { type: 'string' };
const yes = { type: 'boolean' };
const count = (minimum: number, maximum?: number) => ({
  type: 'integer',
  minimum,
  ...(maximum !== undefined && { maximum }),
});
const anything = { type: 'object' };
const texts = { type: 'object', additionalProperties: text };
const things = { type: 'array', items: anything };
const port = count(1, 65_535);

/** Exactly these, so that a slip of the pen is told. */
const closed = (properties: Readonly<Record<string, object>>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  ...closed({
    model: closed({ name: { ...text, minLength: 1, maxLength: 200 }, reference: { ...text, pattern: '^$|^(models:)?[A-Za-z0-9][A-Za-z0-9._-]*([@:][A-Za-z0-9][A-Za-z0-9._-]*)?$' } }), // biome-ignore format: one line
    image: closed({ repository: { ...text, minLength: 1 }, tag: { ...text, minLength: 1 }, pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] } }), // biome-ignore format: one line
    imagePullSecrets: things,
    registry: closed({ secretName: text, blobs: { ...text, pattern: '^$|^s3://' }, blobsClaim: text, project: text }),
    keys: closed({ enabled: yes, secretName: text }),
    extraArgs: { type: 'array', items: text },
    env: things,
    replicaCount: count(0),
    autoscaling: closed({ enabled: yes, minReplicas: count(1), maxReplicas: count(1), targetCPUUtilizationPercentage: count(1) }),
    resources: anything,
    service: closed({
      type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
      httpPort: port,
      grpcPort: port,
      annotations: texts,
    }),
    serviceMonitor: closed({ enabled: yes, interval: { ...text, pattern: '^([0-9]+(ms|s|m|h))+$' }, labels: texts }),
    podDisruptionBudget: closed({
      enabled: yes,
      maxUnavailable: { anyOf: [count(0), { ...text, pattern: '^[0-9]+%$' }] },
    }),
    networkPolicy: closed({ enabled: yes, from: things, metricsFrom: things, registryPorts: { type: 'array', items: port }, extraEgress: things }), // biome-ignore format: one line
    preStopSeconds: count(0, 600),
    startupSeconds: count(1, 86_400),
    serviceAccount: closed({ create: yes, name: text, annotations: texts }),
    podAnnotations: texts,
    podLabels: texts,
    nodeSelector: texts,
    tolerations: things,
    affinity: anything,
    priorityClassName: text,
  }),
};
// Charts that have this one as a part hand down what holds for all.
const properties = { ...schema.properties, global: anything };

/** What Helm checks values with. */
export const valuesSchema = (): string => `${JSON.stringify({ ...schema, properties }, null, 2)}\n`;
