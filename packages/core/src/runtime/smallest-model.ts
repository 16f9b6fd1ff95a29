import { encodeModel } from '../onnx/index.ts';
import { dtypes } from '../tensor/index.ts';

/**
 * One number in, one out: with any model ONNX Runtime loads its build and finds its device. The op is one that every provider has a
 * kernel for and that no optimizer takes away, or the device would have nothing to do and never be made.
 */
export function smallestModel(): Uint8Array {
  const port = (name: string) => ({ name, type: { tensorType: { elemType: dtypes.float32.onnx, shape: { dim: [] } } } });
  return encodeModel({
    irVersion: 10,
    opsetImport: [{ domain: '', version: 21 }],
    graph: {
      name: 'smallest',
      node: [{ opType: 'Abs', input: ['x'], output: ['y'] }],
      input: [port('x')],
      output: [port('y')],
    },
  });
}
