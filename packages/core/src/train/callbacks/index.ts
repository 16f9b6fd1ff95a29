export type { Callback, TrainingDataFacts, TrainingFacts, TrainingRun } from './callback.ts';
export { csvLogger } from './csv-logger.ts';
export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.ts';
export { jsonlLogger } from './jsonl-logger.ts';
export { learningRateScheduler } from './learning-rate-scheduler.ts';
export { type ModelCheckpointOptions, modelCheckpoint } from './model-checkpoint.ts';
export type { MonitorOptions } from './monitor.ts';
export { type ReduceLearningRateOptions, reduceLearningRateOnPlateau } from './reduce-learning-rate.ts';
export { type TensorBoardOptions, tensorBoard } from './tensor-board.ts';
