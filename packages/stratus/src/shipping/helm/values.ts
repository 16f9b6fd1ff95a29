import { imageParts, quoted } from '../names.ts';
import { resources } from '../resources.ts';
import { paths, ports, type Shipment } from '../shipment.ts';

/** What can be set, with what holds unless told. */
export function values({ name, source, image, keys }: Shipment): string {
  const { repository, tag } = imageParts(image);
  const registry = source.kind === 'registry' ? source : undefined;
  return `# What clients call the model, and where it comes from: a reference that is followed in the registry (digits@production), or else the file in the image.
model:
  name: ${quoted(name)}
  reference: ${quoted(registry?.reference ?? '')}

image:
  repository: ${quoted(repository)}
  tag: ${quoted(tag)}
  pullPolicy: IfNotPresent
imagePullSecrets: []

# Needed where the model has a reference. The Secret's key 'store' is the address of the store, postgres://…; its other keys
# (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) are given to the server as they are.
registry:
  secretName: ""
  # s3://bucket/prefix?endpoint=…; or a volume that all Pods can read, by the name of its claim.
  blobs: ${quoted(registry?.blobs?.startsWith('s3://') ? registry.blobs : '')}
  blobsClaim: ""
  project: ${quoted(registry?.project ?? '')}

# Who asks needs a key of the file keys.json in this Secret (stratus keys create), which is read again when it changes. Without keys, what stands
# before the Pods has to check who asks.
keys:
  enabled: ${keys}
  secretName: ""

# More of what stratus deploy takes: [--triton-metrics]
extraArgs: []
env: []

replicaCount: 2
# Takes the place of replicaCount.
autoscaling:
  enabled: false
  minReplicas: 2
  maxReplicas: 10
  targetCPUUtilizationPercentage: 70

${resources(0)}

service:
  type: ClusterIP
  httpPort: ${ports.http}
  grpcPort: ${ports.grpc}
  annotations: {}

# For the Prometheus Operator. Where keys are needed, the Secret of the keys has to hold one as 'prometheus-key'.
serviceMonitor:
  enabled: false
  interval: 15s
  labels: {}

podDisruptionBudget:
  enabled: true
  maxUnavailable: 1

# Who may reach the Pods: those of the same namespace unless told. What the Pods may reach: name servers, and the ports of the registry.
networkPolicy:
  enabled: true
  from: [{ podSelector: {} }]
  # Prometheus in another namespace: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: monitoring } } }]
  metricsFrom: []
  registryPorts: [5432, 443]
  extraEgress: []

# Before a Pod is told to end, it gets no more requests for so long (balancers take a moment to notice).
preStopSeconds: 5
# A model of several GB takes a while until it is ready for the first time (${paths.ready}).
startupSeconds: 300

serviceAccount:
  create: true
  name: ""
  annotations: {}

podAnnotations: {}
podLabels: {}
nodeSelector: {}
tolerations: []
affinity: {}
priorityClassName: ""
`;
}
