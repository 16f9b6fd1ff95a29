import { inside, type Shipment } from './shipment.ts';
import type { ShippedFile } from './target.ts';

/** The program that a container runs, seen from the folder that it lies in. */
const main = './node_modules/stratus/dist/cli/main.js';

const script = (shipment: Shipment): string => {
  const { name, source } = shipment;
  const own = source.kind === 'file' ? `fileURLToPath(new URL(${JSON.stringify(`.${inside.model.slice(inside.home.length)}`)}, import.meta.${'url'}))` : JSON.stringify(source.reference); // biome-ignore format: one line
  return `// What a container of this image runs: stratus, with what it is told.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** SageMaker starts every container with this one word. It asks without a key, since it checks who asks; the port is its own (SAGEMAKER_BIND_TO_PORT, or 8080). */
const isSageMaker = process.argv.length === 3 && process.argv[2] === 'serve';

/** Model data that SageMaker has unpacked: one ONNX file, or a folder of models; else the model of the image. */
function model() {
  const folder = process.env.SM_MODEL_DIR ?? '/opt/ml/model';
  let names = [];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {} // nothing was unpacked
  const files = names.filter((name) => name.endsWith('.onnx'));
  return names.length === 0 ? ${own} : files.length === 1 && names.length === 1 ? join(folder, files[0]) : folder;
}

if (isSageMaker) process.argv.splice(2, 1, 'deploy', model(), ...${JSON.stringify(['--name', name, '--host', '0.0.0.0', '--no-keys', '--log', 'json'])});
await import(${JSON.stringify(main)});
`;
};

/** What a container runs, in the image. */
export const entryFile = (shipment: Shipment): ShippedFile => ({
  path: 'image/entry.mjs',
  content: script(shipment),
  about: 'what its containers run',
});

/** How a container is started: no shell stands between the server and the signal that ends it. */
export const entryPoint: readonly string[] = ['node', `${inside.home}/entry.mjs`];
