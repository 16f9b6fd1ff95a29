// A model whose weights take more than 2 GB in a file of their own goes into a registry and out again, in a process whose memory is watched from outside. Run by bench/soak/registry.ts.
import { createHash } from 'node:crypto';
import { createReadStream, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constant, decodeModel, encodeModel, exportGraph, full, graphInput, openWorkspace, ops, registry } from 'stratus';

const [folder = '', rows = '0'] = process.argv.slice(2);
const columns = 4096;
const say = (doing, more = {}) => process.send({ doing, ...more });

/** As tools write it: the file names another one, in which its tensor lies. The other one is a hole, which reads as zeros. */
function writeModel(path) {
  const x = graphInput('x', ['batch', 4], 'float32');
  const whole = decodeModel(
    exportGraph({ name: 'large', inputs: [x], outputs: { y: ops.matMul(x, constant(full([4, 3], 0.5), 'w')) } }),
  );
  const [{ rawData: _, ...weights }] = whole.graph.initializer;
  const bytes = Number(rows) * columns * 4;
  const entry = (key, value) => ({ key, value: String(value) });
  const outside = {
    ...weights,
    dims: [Number(rows), columns],
    dataLocation: 1,
    externalData: [entry('location', 'large.data'), entry('offset', 0), entry('length', bytes)],
  };
  writeFileSync(path, encodeModel({ ...whole, graph: { ...whole.graph, initializer: [outside] } }));
  const beside = join(folder, 'large.data');
  writeFileSync(beside, '');
  truncateSync(beside, bytes);
  return beside;
}

async function sha256(file) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return hash.digest('hex');
}

const model = join(folder, 'large.onnx');
const beside = writeModel(model);
const workspace = await openWorkspace({ folder });
const models = registry(workspace);
// What every registry loads at first, before its memory is looked at.
await models.register('small', exportGraph({ name: 's', inputs: [], outputs: { y: constant(full([1], 1), 'c') } }));
await models.export('small:1', join(folder, 'small.tar'));
globalThis.gc?.();

say('register');
const version = await models.register('large', model);
say('promote');
await models.gate('large', 'production', { maxBytes: 1e11, signatureCompatible: true });
await models.promote('large:1', 'production'); // its digest is verified, and its gates are asked
say('export');
const files = await models.export('large@production', join(folder, 'out', 'again.onnx'));
say('import');
await models.export('large:1', join(folder, 'large.tar'));
const imported = await models.import(join(folder, 'large.tar'), { name: 'copy' });
globalThis.gc?.();
say('load');
const loaded = await models.load('copy:1');
const isLoaded = Object.values(loaded.externalData).reduce((sum, { length }) => sum + length, 0) === statSync(beside).size;
say('compare');
const isSame = (await sha256(beside)) === (await sha256(files[1])) && (await sha256(model)) === (await sha256(files[0]));
say('done', {
  bytes: version.bytes,
  beside: statSync(beside).size,
  isSame,
  isLoaded,
  isOneBlob: imported.digest === version.digest,
  files: files.length,
});
await workspace.close();
