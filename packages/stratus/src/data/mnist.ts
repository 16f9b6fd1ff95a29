import { parseIdx, type Table, type Tensor, table } from '@stratus/core';
import type { DataFile, DataSetInfo, LookupOptions } from './data-file.ts';
import { readData } from './read-data.ts';

/** Columns of MNIST: `image` `[n, 28, 28]` from 0 (paper) to 255 (ink), `label` `[n]` from 0 to 9. */
export type MnistColumns = { readonly image: Tensor<'uint8'>; readonly label: Tensor<'uint8'> };
/** One digit: its image `[28, 28]` and its label. */
export type MnistRecord = { readonly image: Tensor<'uint8'>; readonly label: number };
/** The two parts of MNIST: 60,000 digits to train with and 10,000 to test with, by other writers. */
export interface Mnist {
  readonly train: Table<MnistColumns, MnistRecord>;
  readonly test: Table<MnistColumns, MnistRecord>;
}

/** The mirrors first: the official server often refuses. */
const sources = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
  'http://yann.lecun.com/exdb/mnist/',
];

const names = ['train', 't10k'].flatMap((part) => [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`]);

const dataFile = (file: string, bytes: number, sha256: string): DataFile => ({
  dataset: 'mnist',
  file,
  bytes,
  sha256,
  urls: sources.map((source) => source + file),
  together: names.map((name) => sources[0] + name),
});

/** @internal */
export const mnistFiles = {
  trainImages: dataFile(
    'train-images-idx3-ubyte.gz',
    9_912_422,
    '440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609',
  ),
  trainLabels: dataFile('train-labels-idx1-ubyte.gz', 28_881, '3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c'),
  testImages: dataFile(
    't10k-images-idx3-ubyte.gz',
    1_648_877,
    '8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6',
  ),
  testLabels: dataFile('t10k-labels-idx1-ubyte.gz', 4_542, 'f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6'),
};

/** @internal */
export const mnistInfo: DataSetInfo = {
  title: 'MNIST',
  about: 'Handwritten digits.',
  records: { train: 60_000, test: 10_000 },
  fields: { image: { dtype: 'uint8', shape: [28, 28] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: Array.from({ length: 10 }, (_, digit) => String(digit)) },
  source: 'http://yann.lecun.com/exdb/mnist/',
  licence: 'CC BY-SA 3.0, as is commonly stated',
  cite: 'LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition"',
  files: Object.values(mnistFiles).map((file) => [file]),
};

async function read(wanted: DataFile, options: LookupOptions): Promise<Tensor<'uint8'>> {
  const { bytes, path } = await readData(wanted, options);
  return parseIdx(bytes, { file: path }) as Tensor<'uint8'>;
}

/**
 * MNIST, the handwritten digits of LeCun, Cortes and Burges: 60,000 for training and 10,000 for testing, as bytes from 0 to 255.
 * The files are looked for in `$STRATUS_DATA/mnist`, `data/mnist` and the cache (in the repository they are in `examples/data/mnist`), downloaded
 * once if need be (11.6 MB), and always checked against their SHA-256. With `directory` they are taken from that folder only.
 *
 * Shapes: `image` `[n, 28, 28]` and `label` `[n]`, both uint8; a record has an image `[28, 28]` and a number.
 * Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: http://yann.lecun.com/exdb/mnist/ (CC BY-SA 3.0), keras.datasets.mnist.
 *
 * @example
 * import { mnist } from 'stratus';
 * const { train, test } = await mnist();
 * console.log(train.image.shape, test.length, train.record(0).label); // [60000, 28, 28] 10000 5
 */
export async function mnist(options: LookupOptions = {}): Promise<Mnist> {
  const { trainImages, trainLabels, testImages, testLabels } = mnistFiles;
  const columns = async (images: DataFile, labels: DataFile): Promise<MnistColumns> => {
    const [image, label] = await Promise.all([read(images, options), read(labels, options)]);
    return { image, label };
  };
  const [train, test] = await Promise.all([columns(trainImages, trainLabels), columns(testImages, testLabels)]);
  return { train: table<MnistColumns, MnistRecord>(train), test: table<MnistColumns, MnistRecord>(test) };
}
