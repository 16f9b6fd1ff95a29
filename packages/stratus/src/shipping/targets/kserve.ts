import { buildCommand, imageFiles } from '../image.ts';
import { list, plainName, quoted } from '../names.ts';
import { probes } from '../probes.ts';
import { resources } from '../resources.ts';
import { argumentsOf, inside, paths, ports, type Shipment, userId } from '../shipment.ts';
import type { Target } from '../target.ts';

/** KServe asks for a model by the name of its InferenceService, which it writes into the runtime. */
const runtimeArguments = (shipment: Shipment): readonly string[] => argumentsOf({ ...shipment, name: '{{.Name}}' });

const environment = (
  { blobs, project }: { readonly blobs: string | undefined; readonly project: string | undefined },
  name: string,
) =>
  `      env:
        - name: STRATUS_STORE
          valueFrom: { secretKeyRef: { name: ${name}-registry, key: store } }
        - name: STRATUS_BLOBS
          value: ${quoted(blobs?.startsWith('s3://') ? blobs : 's3://BUCKET/PREFIX')}
${project === undefined ? '' : `        - { name: STRATUS_PROJECT, value: ${quoted(project)} }\n`}      envFrom:
        - secretRef: { name: ${name}-registry }
`;

function servingRuntime(shipment: Shipment): string {
  const { source, keys, image } = shipment;
  const name = plainName(shipment.name);
  return `# How KServe starts a server of Stratus.
apiVersion: serving.kserve.io/v1alpha1
kind: ServingRuntime
metadata:
  name: ${name}-stratus
spec:
  supportedModelFormats:
    - { name: onnx, version: "1", autoSelect: false }
  protocolVersions: [v1, v2, grpc-v2]
  annotations:
    prometheus.io/port: "${ports.http}"
    prometheus.io/path: ${paths.metrics}
  containers:
    - name: kserve-container
      image: ${quoted(image)}
      args: ${list(runtimeArguments(shipment))}
${source.kind === 'registry' ? environment(source, name) : ''}      ports:
        - { containerPort: ${ports.http}, protocol: TCP }
      ${probes({ port: ports.http, startSeconds: 300, indent: 6 })}
      ${resources(6)}
      securityContext:
        runAsNonRoot: true
        runAsUser: ${userId}
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: { drop: [ALL] }
        seccompProfile: { type: RuntimeDefault }
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
${keys ? `        - { name: keys, mountPath: ${inside.keys}, readOnly: true }\n` : ''}  volumes:
    - { name: tmp, emptyDir: {} }
${
  keys
    ? `    - name: keys
      secret: { secretName: ${name}-keys, items: [{ key: keys.json, path: keys.json }] }
`
    : ''
}`;
}

const inferenceService = (shipment: Shipment): string => {
  const name = plainName(shipment.name);
  return `# The model. Asked with the Open Inference Protocol v2: /v2/models/${name}/infer
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: ${name}
spec:
  predictor:
    minReplicas: 1
    maxReplicas: 5
    scaleMetric: cpu
    scaleTarget: 70
    timeout: 60
    model:
      modelFormat: { name: onnx }
      runtime: ${name}-stratus
      protocolVersion: v2
`;
};

/** KServe: a runtime that starts Stratus, and a model for it. */
export const kserve: Target = {
  about: 'KServe: a ServingRuntime and an InferenceService',
  files: (shipment) => [
    { path: 'serving-runtime.yaml', content: servingRuntime(shipment), about: 'how a server is started' },
    { path: 'inference-service.yaml', content: inferenceService(shipment), about: 'the model' },
    ...imageFiles(shipment),
  ],
  keys: [{ name: 'clients', path: 'secrets/clients-key' }],
  next(shipment) {
    const { image, keys, source } = shipment;
    const name = plainName(shipment.name);
    const create = `kubectl create secret generic ${name}`;
    return [
      buildCommand(shipment),
      `docker push ${image}`,
      ...(keys ? [`${create}-keys --from-file=keys.json=secrets/keys.json`] : []),
      ...(source.kind === 'registry' ? [`${create}-registry --from-literal=store="$STRATUS_STORE"`] : []),
      'kubectl apply -f serving-runtime.yaml -f inference-service.yaml',
    ];
  },
};
