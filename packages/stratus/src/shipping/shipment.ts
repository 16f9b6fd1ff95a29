/** A model that lies in the image. */
interface FileSource {
  readonly kind: 'file';
  readonly bytes: Uint8Array;
}

/** A model that servers take from a registry, and follow there. */
export interface RegistrySource {
  readonly kind: 'registry';
  /** 'digits@production' */
  readonly reference: string;
  /** The address of the store, with its password; undefined where the target brings one. */
  readonly store: string | undefined;
  /** The address of the blobs; undefined where it has to be said later. */
  readonly blobs: string | undefined;
  readonly project: string | undefined;
  /** The version as `stratus models export` writes it, for a registry that is empty yet. */
  readonly archive?: Uint8Array | undefined;
}

/** What is made ready for a target: a model, and how its servers are started. */
export interface Shipment {
  /** What clients call the model. */
  readonly name: string;
  readonly source: FileSource | RegistrySource;
  /** The name of the container's image: 'registry.example.org/digits:1'. */
  readonly image: string;
  /** The version of stratus in it, and that of Node. */
  readonly version: string;
  readonly node: string;
  /** Who asks needs a key. */
  readonly keys: boolean;
}

/** Where things are in a container. */
export const inside = {
  home: '/srv',
  model: '/srv/model/model.onnx',
  data: '/var/lib/stratus',
  blobs: '/var/lib/stratus/blobs',
  keys: '/etc/stratus/keys',
  keyFile: '/etc/stratus/keys/keys.json',
} as const;

/** Ports in a container: what the server listens at. */
export const ports = { http: 8080, grpc: 8001 } as const;

/** Open to everybody, so that balancers need no key (`keys/paths.ts`). */
export const paths = { ready: '/v2/health/ready', live: '/v2/health/live', metrics: '/metrics' } as const;

/** Servers finish requests for so long when they are told to end: what `stratus deploy` gives them. In seconds. */
export const drainSeconds = 10;

/** Nobody but root has this id in an image of Node; it is the user 'node' there. */
export const userId = 1000;

/** What `stratus` is told in a container. */
export const argumentsOf = ({ name, source, keys }: Shipment): readonly string[] => [
  'deploy',
  source.kind === 'file' ? inside.model : source.reference,
  ...['--name', name],
  ...['--host', '0.0.0.0', '--port', String(ports.http), '--grpc-port', String(ports.grpc)],
  ...(keys ? ['--keys', inside.keyFile] : ['--no-keys']),
  ...['--log', 'json'],
];
