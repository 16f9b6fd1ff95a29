export * from './block-convolutions.ts';
export { foldBatchNormalization } from './fold-batch-normalization.ts';
export * from './fuse-elementwise.ts';
export * from './matrix-products.ts';
export * from './plane-convolutions.ts';
export * from './plane-pools.ts';
export * from './pooled-convolutions.ts';
export * from './shared-gelu.ts';
export * from './simplify.ts';
