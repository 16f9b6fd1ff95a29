export { copyRows } from './copy-rows.ts';
export {
  type DataTypes,
  type DType,
  dtypeOfOnnx,
  dtypes,
  isFloat,
  isInteger,
  type TensorData,
  type TypedArray,
} from './dtype.ts';
export { fromFloat16, toFloat16 } from './float16.ts';
export { joinRows } from './join-rows.ts';
export { bitsAt, foldIn, normals, permutation, type RandomKey, randomKey, saltOf, stream, uniformAt, uniforms } from './rng.ts';
export {
  addDims,
  ceilDivDims,
  type Dim,
  dimsDiffer,
  divDims,
  isStatic,
  mulDims,
  normalAxis,
  productOf,
  type Shape,
  sameShape,
  showShape,
  sizeOf,
  subDims,
} from './shape.ts';
export { sizeAt } from './symbolic-size.ts';
export { bytesOf, full, isTensor, type Nested, Tensor, tensor, tensorOfBytes, zeros } from './tensor.ts';
