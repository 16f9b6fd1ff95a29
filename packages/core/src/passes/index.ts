export * from './block-convolutions.ts';
export { foldBatchNormalization } from './fold-batch-normalization.ts';
