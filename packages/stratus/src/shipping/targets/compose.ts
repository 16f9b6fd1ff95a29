import { randomBytes } from 'node:crypto';
import { haproxyConfig } from '../compose/haproxy.ts';
import { prometheusConfig } from '../compose/prometheus.ts';
import { imageFiles } from '../image.ts';
import { list, plainName, quoted } from '../names.ts';
import { drainSeconds, inside, ports, type RegistrySource, type Shipment } from '../shipment.ts';
import type { ShippedFile, Target } from '../target.ts';

/** Compose puts variables in the place of a dollar sign and a name. */
const plain = (text: string): string => quoted(text.replaceAll('$', '$$$$'));

/** A program that may do nothing but its work. */
const locked = `    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]`;

/** The blobs lie in a volume that all servers share, unless they are on S3. */
const blobsOf = ({ blobs }: RegistrySource): string => (blobs?.startsWith('s3://') ? blobs : inside.blobs);
const hasVolume = (source: RegistrySource): boolean => blobsOf(source) === inside.blobs;
const brings = (source: Shipment['source']): source is RegistrySource => source.kind === 'registry' && source.store === undefined;

/** How a container finds the registry, and other files of the machine. The address of the store has a password in it: it comes as a file. */
function registryLines(source: RegistrySource, mounts: readonly string[] = []): string {
  const volumes = [...mounts, ...(hasVolume(source) ? [`blobs:${inside.data}`] : [])];
  const lines = [
    '    environment:',
    '      STRATUS_STORE_FILE: /run/secrets/store',
    `      STRATUS_BLOBS: ${plain(blobsOf(source))}`,
    ...(source.project === undefined ? [] : [`      STRATUS_PROJECT: ${plain(source.project)}`]),
    ...(hasVolume(source) ? [] : ['      AWS_SHARED_CREDENTIALS_FILE: /run/secrets/aws']),
    ...(volumes.length > 0 ? [`    volumes: ${list(volumes)}`] : []),
    ...(brings(source) ? ['    depends_on:', '      postgres:', '        condition: service_healthy'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const registrySecrets = (source: RegistrySource): string[] => ['store', ...(hasVolume(source) ? [] : ['aws'])];

const postgres = `  # The registry: runs, models, aliases.
  postgres:
    image: postgres:17-alpine
    environment:
      POSTGRES_USER: stratus
      POSTGRES_DB: stratus
      POSTGRES_PASSWORD_FILE: /run/secrets/postgres-password
    secrets: [postgres-password]
    volumes: ["postgres:/var/lib/postgresql/data"]
    healthcheck:
      test: [CMD, pg_isready, -U, stratus, -d, stratus]
      interval: 5s
      timeout: 3s
      retries: 12
    stop_grace_period: 60s
    restart: unless-stopped
`;

function composeFile(shipment: Shipment): string {
  const { source, keys, image } = shipment;
  const registry = source.kind === 'registry' ? source : undefined;
  const secrets = [...(keys ? ['keys'] : []), ...(registry ? registrySecrets(registry) : [])];
  const files = [...secrets, ...(keys ? ['prometheus-key'] : []), ...(brings(source) ? ['postgres-password'] : [])];
  const volumes = [...(registry && hasVolume(registry) ? ['blobs'] : []), ...(brings(source) ? ['postgres'] : [])];
  const fileOf: Readonly<Record<string, string>> = { keys: 'keys.json' };
  const mounted = secrets.map((name) => (name === 'keys' ? `{ source: keys, target: ${inside.keyFile} }` : name));
  return `# Servers of the model ${JSON.stringify(shipment.name)} behind a balancer. As many as you like: docker compose up -d --scale model=4
name: ${plainName(shipment.name)}

services:
  model:
    build: ./image
    image: ${quoted(image)}
    deploy:
      replicas: 2
${registry ? registryLines(registry) : ''}${secrets.length > 0 ? `    secrets: [${mounted.join(', ')}]\n` : ''}${locked}
    # Requests that are open when it is told to end are answered first.
    stop_grace_period: ${drainSeconds + 10}s
    restart: unless-stopped

  # Only this one can be reached from outside, and only from this machine: put TLS before it, or its certificate into haproxy.cfg.
  balancer:
    image: haproxy:3.2-alpine
    ports: ["127.0.0.1:${ports.http}:${ports.http}", "127.0.0.1:${ports.grpc}:${ports.grpc}"]
    volumes: ["./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]
    depends_on: [model]
    restart: unless-stopped

${brings(source) ? `${postgres}\n` : ''}${
  registry
    ? `  # docker compose run --rm stratus models ls
  stratus:
    profiles: [tools]
    image: ${quoted(image)}
    entrypoint: ${list([`${inside.home}/node_modules/.bin/stratus`])}
    command: [models, ls]
${registryLines(registry, ['./models:/models:ro'])}    secrets: [${registrySecrets(registry).join(', ')}]
${locked}

`
    : ''
}  # docker compose --profile monitoring up -d; then http://127.0.0.1:9090
  prometheus:
    profiles: [monitoring]
    image: prom/prometheus:v3.5.0
    ports: ["127.0.0.1:9090:9090"]
    volumes: ["./prometheus.yml:/etc/prometheus/prometheus.yml:ro"]
${keys ? '    secrets: [prometheus-key]\n' : ''}    restart: unless-stopped
${files.length > 0 ? `\nsecrets:\n${files.map((name) => `  ${name}: { file: ./secrets/${fileOf[name] ?? name} }`).join('\n')}\n` : ''}${
  volumes.length > 0 ? `\nvolumes:\n${volumes.map((name) => `  ${name}:`).join('\n')}\n` : ''
}`;
}

/** What the registry needs to know and nobody else may. */
function secretFiles(source: RegistrySource): ShippedFile[] {
  const password = randomBytes(24).toString('base64url');
  const store = source.store ?? `postgres://stratus:${password}@postgres/stratus`;
  const credentials = '[default]\naws_access_key_id = \naws_secret_access_key = \n';
  return [
    { path: 'secrets/store', content: store, about: 'the address of the store, with its password' },
    ...(brings(source)
      ? [{ path: 'secrets/postgres-password', content: password, about: 'the same password, for PostgreSQL' }]
      : []),
    ...(hasVolume(source)
      ? []
      : [{ path: 'secrets/aws', content: credentials, about: 'keys of the object storage, to be filled in' }]),
  ];
}

/** Servers, a balancer, and the registry that they share, on one machine. */
export const compose: Target = {
  about: 'Docker Compose: servers behind a balancer, with a registry that they share',
  bringsRegistry: true,
  files(shipment) {
    const { source } = shipment;
    return [
      { path: 'compose.yaml', content: composeFile(shipment), about: 'what runs' },
      { path: 'haproxy.cfg', content: haproxyConfig(), about: 'the balancer' },
      { path: 'prometheus.yml', content: prometheusConfig(shipment), about: 'what Prometheus reads' },
      ...imageFiles(shipment),
      ...(source.kind === 'registry' ? secretFiles(source) : []),
      ...(source.kind === 'registry' && source.archive
        ? [{ path: 'models/model.tar', content: source.archive, about: 'the version that the registry begins with' }]
        : []),
    ];
  },
  keys: [
    { name: 'clients', path: 'secrets/clients-key' },
    { name: 'prometheus', path: 'secrets/prometheus-key' },
  ],
  next({ source, keys }) {
    const [, model, alias] = /^(?:models:)?([^@:]+)(?:@(.+))?/.exec(source.kind === 'registry' ? source.reference : '') ?? [];
    const first = brings(source)
      ? [
          'docker compose build',
          'docker compose run --rm stratus models import /models/model.tar',
          ...(alias === undefined ? [] : [`docker compose run --rm stratus models promote ${model}:1 ${alias}`]),
        ]
      : [];
    const header = keys ? '-H "Authorization: Bearer $(cat secrets/clients-key)" ' : '';
    return [...first, 'docker compose up -d --build', `curl ${header}http://127.0.0.1:${ports.http}/v2/models`];
  },
};
