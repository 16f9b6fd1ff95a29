export { type Cifar10, type Cifar10Columns, type Cifar10Record, cifar10 } from './cifar10.ts';
export { type Cora, cora } from './cora.ts';
export { type FashionMnist, type FashionMnistOptions, type FashionMnistPart, fashionMnist } from './fashion-mnist.ts';
export { type Imdb, imdb, type ShuffledOptions, type TextColumns, type TextRecord } from './imdb.ts';
export { cacheRoot, type LookupOptions } from './lookup.ts';
export { type Mnist, type MnistColumns, type MnistRecord, mnist } from './mnist.ts';
export { rtPolarity } from './rt-polarity.ts';
export { digits, type FeatureColumns, type FeatureRecord, iris, type Tabular } from './tabular.ts';
export { tinyShakespeare } from './tiny-shakespeare.ts';
