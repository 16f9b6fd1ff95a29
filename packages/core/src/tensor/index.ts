export { dtypeOfOnnx, dtypes, isFloat, type DataTypes, type DType, type TensorData, type TypedArray } from './dtype.ts';
export { fromFloat16, toFloat16 } from './float16.ts';
export { bitsAt, foldIn, normalAt, permutation, randomKey, saltOf, stream, uniformAt, type RandomKey } from './rng.ts';
export {
  addDims,
  divDims,
  isStatic,
  mulDims,
  normalAxis,
  productOf,
  sameShape,
  showShape,
  sizeOf,
  stridesOf,
  subDims,
  type Dim,
  type Shape,
} from './shape.ts';
export { bytesOf, full, isTensor, Tensor, tensor, tensorOfBytes, zeros, type Nested } from './tensor.ts';
