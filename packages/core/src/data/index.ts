export * from './dataset/index.ts';
export { gatherRows } from './gather-rows.ts';
export { parseIdx } from './idx.ts';
export * from './images/index.ts';
export { parseNpy } from './npy.ts';
export * from './summary/index.ts';
export {
  type AnyTable,
  anyTable,
  type Columns,
  isTable,
  type RecordOf,
  type Scalar,
  type Table,
  type TableMethods,
  table,
} from './table.ts';
export * from './text/index.ts';
export { type TrainTestSplitOptions, trainTestSplit } from './train-test-split.ts';
