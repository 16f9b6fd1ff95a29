export { foldBatchNormalization } from './fold-batch-normalization.ts';
