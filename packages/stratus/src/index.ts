import { trainingDefaults } from '@stratus/core';
import { downloadDefaults } from './data/index.ts';
import { bringImageCodec } from './files/index.ts';
import { downloadBar, terminalProgress } from './progress/index.ts';

// The public surface. An export here is a promise.
export * from '@stratus/core';
export {
  type Cifar10,
  type Cifar10Columns,
  type Cifar10Record,
  type Cifar100,
  type Cifar100Columns,
  type Cifar100Record,
  type Cora,
  cifar10,
  cifar100,
  cora,
  type DownloadProgress,
  digits,
  type FashionMnist,
  type FashionMnistOptions,
  type FashionMnistPart,
  type FeatureColumns,
  type FeatureRecord,
  fashionMnist,
  type Imdb,
  imdb,
  iris,
  type LookupOptions,
  type Mnist,
  type MnistColumns,
  type MnistRecord,
  mnist,
  type OnDownload,
  rtPolarity,
  type ShuffledOptions,
  type Tabular,
  type TextColumns,
  type TextRecord,
  tinyShakespeare,
} from './data/index.ts';
export { type Deployment, type DeployOptions, deploy, type StopSignal } from './deploy.ts';
export {
  type ColumnType,
  type CsvOptions,
  csv,
  decodeImage,
  diskCache,
  type ImageFolder,
  type ImageFolderOptions,
  type ImageOptions,
  type ImageRecord,
  imageFolder,
  type JsonlOptions,
  jsonl,
  type LinesOptions,
  npy,
  npz,
  type Paths,
  parquet,
  type RecordOfTypes,
  type RecordSchema,
  type Rejected,
  type TableOptions,
  textLines,
  tsv,
} from './files/index.ts';
export { jsonProgress, type OutputStream, type ProgressOptions, terminalProgress } from './progress/index.ts';
export {
  type ColumnProfile,
  type Hint,
  type Histogram,
  type Outliers,
  Profile,
  type ProfileJson,
  type ProfileOptions,
  profile,
  type TextOptions,
} from './report/index.ts';
export {
  Batcher,
  type BatcherOptions,
  DataPlane,
  type InferRequest,
  type InferResponse,
  type ModelChoice,
  type ModelMetadata,
  openServable,
  type Prediction,
  type PredictRecord,
  type PredictResponse,
  type RequestInput,
  type RequestOutput,
  type RequestParameters,
  type ResponseElement,
  type ResponseOutput,
  type Servable,
  type ServableOptions,
  type ServablePort,
  type ServeAppOptions,
  type ServerMetadata,
  serveApp,
  type TensorMetadata,
} from './serve/index.ts';

// Who uses the platform sees a training run and long downloads, also where the script is run by node itself.
trainingDefaults().progress ??= terminalProgress;
downloadDefaults().onProgress ??= downloadBar();
bringImageCodec();
