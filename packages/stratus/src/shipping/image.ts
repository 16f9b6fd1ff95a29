import { entryFile, entryPoint } from './entry.ts';
import { list, plainName } from './names.ts';
import { argumentsOf, inside, paths, ports, type Shipment, userId } from './shipment.ts';
import type { ShippedFile } from './target.ts';

/** Asks whether requests are welcome, with what is in the image. */
const probe = `fetch('http://127.0.0.1:${ports.http}${paths.ready}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;

const install = 'npm %s --omit=dev --ignore-scripts --no-audit --no-fund';

const dockerfile = (
  shipment: Shipment,
): string => `# Serves the model ${JSON.stringify(shipment.name)} with stratus ${shipment.version}.
ARG NODE_VERSION=${shipment.node}

FROM node:\${NODE_VERSION}-slim AS install
WORKDIR ${inside.home}
# With a package-lock.json beside it, every dependency is the one that is written there: npm install --package-lock-only
COPY package.json package-lock.json* ./
# No install script of a dependency runs: onnxruntime-node's would download a CUDA provider. Engines for other systems stay out.
RUN if [ -f package-lock.json ]; then ${install.replace('%s', 'ci')}; else ${install.replace('%s', 'install')}; fi \\
  && rm -rf node_modules/onnxruntime-node/bin/napi-*/darwin node_modules/onnxruntime-node/bin/napi-*/win32

FROM node:\${NODE_VERSION}-slim
ENV NODE_ENV=production
WORKDIR ${inside.home}
# Where a volume for the registry's files may be mounted.
RUN mkdir -p ${inside.blobs} && chown -R ${userId}:${userId} ${inside.data}
COPY --from=install ${inside.home}/node_modules ./node_modules
COPY package.json entry.mjs ./
${shipment.source.kind === 'file' ? `COPY --chmod=0444 model.onnx ${inside.model}\n` : ''}USER ${userId}:${userId}
EXPOSE ${ports.http} ${ports.grpc}
# Ends when open requests are answered; no shell stands between it and the signal.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ${list(['node', '-e', probe])}
# With the one word serve, as SageMaker starts it, the server does what SageMaker asks.
ENTRYPOINT ${list(entryPoint)}
CMD ${list(argumentsOf(shipment))}
`;

/** Nothing comes into the image by chance. */
const ignored = '*\n!package.json\n!package-lock.json\n!entry.mjs\n!model.onnx\n';

/** The folder `image`, which `docker build` takes. */
export function imageFiles(shipment: Shipment): ShippedFile[] {
  const manifest = {
    name: `${plainName(shipment.name)}-server`,
    private: true,
    dependencies: { stratus: shipment.version },
  };
  return [
    { path: 'image/Dockerfile', content: dockerfile(shipment), about: 'the image of a server' },
    { path: 'image/.dockerignore', content: ignored, about: 'what may come into it' },
    { path: 'image/package.json', content: `${JSON.stringify(manifest, null, 2)}\n`, about: 'what is installed in it' },
    entryFile(shipment),
    ...(shipment.source.kind === 'file'
      ? [{ path: 'image/model.onnx', content: shipment.source.bytes, about: 'the model' }]
      : []),
  ];
}

/** Makes the image. */
export const buildCommand = ({ image }: Shipment): string => `docker build -t ${image} image`;
