export type { Callback, TrainingRun } from './callback.ts';
export { csvLogger } from './csv-logger.ts';
export { earlyStopping, type EarlyStoppingOptions } from './early-stopping.ts';
export { jsonlLogger } from './jsonl-logger.ts';
export { learningRateScheduler } from './learning-rate-scheduler.ts';
export { modelCheckpoint, type ModelCheckpointOptions } from './model-checkpoint.ts';
export type { MonitorOptions } from './monitor.ts';
export { reduceLearningRateOnPlateau, type ReduceLearningRateOptions } from './reduce-learning-rate.ts';
export { tensorBoard, type TensorBoardOptions } from './tensor-board.ts';
