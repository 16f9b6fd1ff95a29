import { type Table, type Tensor, table } from '@stratus/core';
import { emptyPictures, parseCifar, pictureBytes } from './cifar-format.ts';
import type { DataFile, DataSetInfo, Forms, LookupOptions } from './data-file.ts';
import { type FoundFile, readAllData, withPlain } from './read-data.ts';

/** Columns of CIFAR-10: `image` `[n, 32, 32, 3]` from 0 to 255, red, green, blue; `label` `[n]` from 0 to 9. */
export type Cifar10Columns = { readonly image: Tensor<'uint8'>; readonly label: Tensor<'uint8'> };
/** One picture: its image `[32, 32, 3]` and its label. */
export type Cifar10Record = { readonly image: Tensor<'uint8'>; readonly label: number };
/** The two parts of CIFAR-10: 50,000 pictures to train with and 10,000 to test with. */
export interface Cifar10 {
  readonly train: Table<Cifar10Columns, Cifar10Record>;
  readonly test: Table<Cifar10Columns, Cifar10Record>;
  /** The class behind each label. */
  readonly classes: readonly string[];
}

const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const;

const archive: DataFile = {
  dataset: 'cifar-10',
  file: 'cifar-10-binary.tar.gz',
  bytes: 170_052_171,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
  urls: ['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
};
const batch = (file: string, bytes: number, sha256: string, plain: string): Forms => [
  ...withPlain(
    { dataset: archive.dataset, file: `${file}.gz`, bytes, sha256 },
    { bytes: 10_000 * (1 + pictureBytes), sha256: plain },
  ),
  { ...archive, member: `cifar-10-batches-bin/${file}` },
];

/** @internal Training batches first, the test batch last. */
export const cifar10Files = [
  batch(
    'data_batch_1.bin',
    27_530_976,
    '5c1fbb90deed1633700e26639f4a8d8cb4ca8cfe0104c5495bbc9bf68d12328c',
    'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
  ),
  batch(
    'data_batch_2.bin',
    27_581_395,
    'b92b201fbd94a4f8c7069630c0d15b636c75070084521f22418318289ed753e9',
    'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
  ),
  batch(
    'data_batch_3.bin',
    27_581_251,
    'c664bf50688f99b3be3fcb2e45908c9cf19d75709b6ae7f999de5d2e2fa592e6',
    'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
  ),
  batch(
    'data_batch_4.bin',
    27_572_733,
    '166eca7dd3adfdced25d068eb4def2590f29c123fd6055b1b6274b420fab98a2',
    '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
  ),
  batch(
    'data_batch_5.bin',
    27_551_340,
    '38fbb219262a73e6b043168d0be988db9216a409e28b4409697dad9ccfac4fa4',
    '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
  ),
  batch(
    'test_batch.bin',
    27_563_176,
    'f79fe9cd80b6b6e3d1ecbd6ce18a22216fb83cd285fcf860f7b289d5d11160e6',
    '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
  ),
] as const;

/** @internal */
export const cifar10Info: DataSetInfo = {
  title: 'CIFAR-10',
  about: 'Colour pictures of ten kinds of things.',
  records: { train: 50_000, test: 10_000 },
  fields: { image: { dtype: 'uint8', shape: [32, 32, 3] }, label: { dtype: 'uint8', shape: [] } },
  classes: { label: classes },
  source: 'https://www.cs.toronto.edu/~kriz/cifar.html',
  licence: 'none stated',
  cite: 'Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"',
  files: cifar10Files,
};

/**
 * CIFAR-10: 60,000 colour pictures of ten kinds of things, 50,000 for training and 10,000 for testing, as bytes from 0 to 255,
 * channels last, in the official order. Downloaded once if need be (170 MB, the official archive, which is kept as it is), and
 * checked against its SHA-256; the `.bin` files out of it, compressed with gzip too, do as well.
 *
 * Shapes: `image` `[n, 32, 32, 3]` and `label` `[n]`, both uint8; a record has an image `[32, 32, 3]` and a number.
 * Errors: `data-not-found` (says how to get it), `corrupt`, `file-failed`, `aborted`.
 * Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", https://www.cs.toronto.edu/~kriz/cifar.html.
 * No explicit licence; cite the report.
 *
 * @example no-run
 * import { cifar10 } from 'stratus';
 * const { train, test, classes } = await cifar10();
 * console.log(train.image.shape, test.length, classes[train.record(0).label]); // [50000, 32, 32, 3] 10000 frog
 */
export async function cifar10(options: LookupOptions = {}): Promise<Cifar10> {
  const files = await readAllData(cifar10Files, options);
  const part = (own: readonly FoundFile[]): Table<Cifar10Columns, Cifar10Record> => {
    const { images, labels } = emptyPictures(own.length * 10_000, [classes.length]);
    for (const [i, { bytes, path }] of own.entries()) parseCifar(bytes, { images, labels, at: i * 10_000, file: path });
    const [label] = labels;
    return table<Cifar10Columns, Cifar10Record>({ image: images, label: label!.values });
  };
  return { train: part(files.slice(0, 5)), test: part(files.slice(5)), classes };
}
