import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constant, decodeModel, encodeModel, exportGraph, full, graphInput, type ModelProto, ops } from '@stratus/core';

/** A model that takes its weights from another file, as tools write models of 2 GB and more. */
export function withExternalData(dir: string): string {
  const x = graphInput('x', ['batch', 4], 'float32');
  const whole = decodeModel(
    exportGraph({ name: 'big', inputs: [x], outputs: { y: ops.matMul(x, constant(full([4, 3], 0.5), 'w')) } }),
  );
  const [weights] = whole.graph!.initializer!;
  writeFileSync(join(dir, 'big.data'), weights!.rawData!);
  const { rawData: _, ...rest } = weights!;
  const entry = (key: string, value: string) => ({ key, value });
  const outside = {
    ...rest,
    dataLocation: 1,
    externalData: [entry('location', 'big.data'), entry('offset', '0'), entry('length', '48')],
  };
  const file = join(dir, 'big.onnx');
  writeFileSync(file, encodeModel({ ...whole, graph: { ...whole.graph, initializer: [outside] } } as ModelProto));
  return file;
}
