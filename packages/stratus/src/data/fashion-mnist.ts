import { parseIdx, type Table, type Tensor, table } from '@stratus/core';
import type { DataFile, DataSetInfo, LookupOptions } from './data-file.ts';
import type { MnistColumns, MnistRecord } from './mnist.ts';
import { readData } from './read-data.ts';

/** The parts of Fashion-MNIST, in the form of MNIST: 60,000 pictures to train with, 10,000 to test with. */
export interface FashionMnist {
  readonly train: Table<MnistColumns, MnistRecord>;
  readonly test: Table<MnistColumns, MnistRecord>;
  /** The class behind each label. */
  readonly classes: readonly string[];
}
/** A part of Fashion-MNIST. */
export type FashionMnistPart = 'train' | 'test';
/** Options of {@link fashionMnist}. */
export interface FashionMnistOptions<P extends FashionMnistPart = FashionMnistPart> extends LookupOptions {
  /** Which parts are wanted; both unless told. The files of the other are not looked for. */
  readonly parts?: readonly P[] | undefined;
}

const classes = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
] as const;
const source = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/';
const names = ['train', 't10k'].flatMap((part) => [`${part}-images-idx3-ubyte.gz`, `${part}-labels-idx1-ubyte.gz`]);

const dataFile = (file: string, bytes: number, sha256: string, debian: string): DataFile => ({
  dataset: 'fashion-mnist',
  file,
  bytes,
  sha256,
  alsoSha256: [debian],
  urls: [source + file],
  together: names.map((name) => source + name),
  folders: ['/usr/share/datasets/fashion-mnist'], // Debian: dataset-fashion-mnist
});

/** @internal Images and labels of each part. */
export const fashionMnistFiles = {
  train: [
    dataFile(
      'train-images-idx3-ubyte.gz',
      26_421_880,
      '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      'b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7',
    ),
    dataFile(
      'train-labels-idx1-ubyte.gz',
      29_515,
      'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      '0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056',
    ),
  ],
  test: [
    dataFile(
      't10k-images-idx3-ubyte.gz',
      4_422_102,
      '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      'cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa',
    ),
    dataFile(
      't10k-labels-idx1-ubyte.gz',
      5_148,
      '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      '8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05',
    ),
  ],
} as const satisfies Record<FashionMnistPart, readonly [DataFile, DataFile]>;

/** @internal */
export const fashionMnistInfo: DataSetInfo = {
  title: 'Fashion-MNIST',
  about: 'Grey pictures of clothes, in the form of MNIST.',
  records: { train: 60_000, test: 10_000 },
  fields: { image: { dtype: 'uint8', shape: [28, 28] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: classes },
  source: 'https://github.com/zalandoresearch/fashion-mnist',
  licence: 'MIT',
  cite: 'Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747',
  files: Object.values(fashionMnistFiles)
    .flat()
    .map((file) => [file]),
};

async function read(wanted: DataFile, options: LookupOptions): Promise<Tensor<'uint8'>> {
  const { bytes, path } = await readData(wanted, options);
  return parseIdx(bytes, { file: path }) as Tensor<'uint8'>;
}

/**
 * Fashion-MNIST: grey pictures of clothes of ten kinds, in the form of MNIST but harder. Files are looked for as `mnist` says,
 * also where Debian's package dataset-fashion-mnist puts them, and downloaded once if need be (31 MB). With `parts` only some are read.
 *
 * Shapes: `image` `[n, 28, 28]` and `label` `[n]`, both uint8; a record has an image `[28, 28]` and a number.
 * Errors: `data-not-found`, `corrupt`, `file-failed`, `aborted`.
 * Source: Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747, https://github.com/zalandoresearch/fashion-mnist (MIT).
 *
 * @example no-run
 * import { fashionMnist } from 'stratus';
 * const { test, classes } = await fashionMnist({ parts: ['test'] });
 * console.log(test.image.shape, classes[test.record(0).label]); // [10000, 28, 28] Ankle boot
 */
export async function fashionMnist<P extends FashionMnistPart = FashionMnistPart>({
  parts = ['train', 'test'] as unknown as readonly P[],
  ...options
}: FashionMnistOptions<P> = {}): Promise<Pick<FashionMnist, P | 'classes'>> {
  const tables = await Promise.all(
    parts.map(async (part) => {
      const [images, labels] = fashionMnistFiles[part];
      const [image, label] = await Promise.all([read(images, options), read(labels, options)]);
      return [part, table<MnistColumns, MnistRecord>({ image, label })] as const;
    }),
  );
  return { ...Object.fromEntries(tables), classes } as unknown as Pick<FashionMnist, P | 'classes'>;
}
