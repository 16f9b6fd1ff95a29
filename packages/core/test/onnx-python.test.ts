// "Valid for every ONNX tool": ONNX's own checker, with full shape inference, on files that Stratus writes.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { graphInput } from '../src/graph/index.ts';
import { adam, dense, dropout, exportGraph, input, rescaling, sequential } from '../src/index.ts';
import { buildGraph } from '../src/nn/index.ts';
import * as ops from '../src/ops/index.ts';
import { applyGraph, evaluateGraph, trainGraph } from '../src/train/graphs.ts';
import { plan } from '../src/train/plan.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const script = `
import json, sys, onnx
report = {}
for path in sys.argv[1:]:
    try:
        onnx.checker.check_model(path, full_check=True)
        model = onnx.shape_inference.infer_shapes(onnx.load(path), check_type=True, strict_mode=True)
        report[path] = [model.ir_version, sorted((o.domain, o.version) for o in model.opset_import)]
    except Exception as e:
        report[path] = str(e)
print(json.dumps(report))`;

const pythons = [process.env['STRATUS_PYTHON'], join(root, '.venv/bin/python'), 'python3'];
const python = pythons.find((path) => {
  if (path === undefined || (path.includes('/') && !existsSync(path))) return false;
  try {
    execFileSync(path, ['-c', 'import onnx'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});
const folder = mkdtempSync(join(tmpdir(), 'stratus-onnx-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const net = sequential([
  input({ shape: [4, 4], dtype: 'uint8' }),
  rescaling({ scale: 1 / 255 }),
  dense({ units: 8, activation: 'gelu', kernelRegularizer: 'l2' }),
  dropout({ rate: 0.1 }),
  dense({ units: 3, activation: 'softmax' }),
]);

/** A file for every graph that a training makes, and one with all ops of the table that take one float input. */
async function files(): Promise<Record<string, Uint8Array>> {
  const built = buildGraph(net.architecture, { training: false });
  const of = (gradientAccumulationSteps: number) =>
    plan(
      {
        optimizer: adam({ globalClipNorm: 1 }),
        loss: 'sparseCategoricalCrossentropy',
        metrics: ['accuracy', 'sparseTopKCategoricalAccuracy', 'confusionMatrix'],
        gradientAccumulationSteps,
        emaMomentum: 0.9,
      },
      built,
    );
  const x = graphInput('x', ['batch', 3]);
  const elementwise = [
    ops.relu,
    ops.elu,
    ops.gelu,
    ops.silu,
    ops.softplus,
    ops.erf,
    ops.sign,
    ops.tanh,
    ops.cos,
    ops.floor,
  ] as const;
  const outputs = Object.fromEntries(elementwise.map((op, i) => [`y${i}`, op(x)]));
  return {
    model: await net.toBytes(),
    train: exportGraph(trainGraph(net.architecture, of(1), false).graph),
    collect: exportGraph(trainGraph(net.architecture, of(4), false).graph),
    apply: exportGraph(applyGraph(net.architecture, of(4)).graph),
    evaluate: exportGraph(evaluateGraph(net.architecture, of(1), false).graph),
    ops: exportGraph({ name: 'elementwise', inputs: [x], outputs }),
  };
}

describe("ONNX's own checker", () => {
  it.skipIf(python === undefined)('accepts every file (needs a Python with onnx)', async () => {
    const paths = Object.entries(await files()).map(([name, bytes]) => {
      const path = join(folder, `${name}.onnx`);
      writeFileSync(path, bytes);
      return path;
    });
    const report = JSON.parse(execFileSync(python!, ['-c', script, ...paths], { encoding: 'utf8' })) as Record<string, unknown>;
    for (const path of paths) expect(report[path], path).toEqual([10, [['', 21]]]);
  });
});
