import { fail, type Table, Tensor, table } from '@stratus/core';
import type { DataFile, LookupOptions } from './lookup.ts';
import { readData, withPlain } from './read-data.ts';

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

const side = 32;
const pixels = side * side;
const recordBytes = 1 + 3 * pixels;
const classes = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'] as const;

const archive = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz';
const batch = (file: string, bytes: number, sha256: string, plain: string): readonly [DataFile, DataFile] =>
  withPlain(
    {
      dataset: 'cifar-10',
      file: `${file}.gz`,
      bytes,
      sha256,
      byHand: `download ${archive} (162 MB) and unpack it; ${file} and the other .bin files in it are what is needed, as they are`,
    },
    { bytes: 10_000 * recordBytes, sha256: plain },
  );

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

/**
 * @internal Records of a label and three colour planes, as labels and channels-last pictures. Written to `into` from record `at`.
 * Errors: `corrupt`.
 */
export function parseCifar(bytes: Uint8Array, into: Cifar10Columns, at = 0, file = 'The CIFAR data'): void {
  const corrupt = (reason: string) => fail('corrupt', { file, reason, fix: 'Get the file again from its source.' });
  const count = bytes.length / recordBytes;
  if (!Number.isInteger(count) || at + count > into.label.size)
    throw corrupt(`it has ${bytes.length} bytes, expected ${into.label.size - at} records of ${recordBytes} bytes`);
  const image = into.image.data;
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes;
    const label = bytes[start]!;
    if (label >= classes.length) throw corrupt(`record ${record} has the label ${label}, expected 0 to 9`);
    into.label.data[at + record] = label;
    let to = (at + record) * 3 * pixels;
    for (let red = start + 1; red <= start + pixels; red++) {
      image[to++] = bytes[red]!;
      image[to++] = bytes[red + pixels]!;
      image[to++] = bytes[red + 2 * pixels]!;
    }
  }
}

async function read(files: readonly (readonly [DataFile, DataFile])[], options: LookupOptions) {
  const count = files.length * 10_000;
  const columns: Cifar10Columns = {
    image: new Tensor('uint8', [count, side, side, 3], new Uint8Array(count * 3 * pixels)),
    label: new Tensor('uint8', [count], new Uint8Array(count)),
  };
  await Promise.all(
    files.map(async (forms, i) => {
      const { bytes, path } = await readData(forms, options);
      parseCifar(bytes, columns, i * 10_000, path);
    }),
  );
  return table<Cifar10Columns, Cifar10Record>(columns);
}

/**
 * CIFAR-10: 60,000 colour pictures of ten kinds of things, 50,000 for training and 10,000 for testing, as bytes from 0 to 255,
 * channels last, in the official order. The publisher offers one archive of 162 MB, which is not downloaded by itself: unpack it
 * into `cifar-10` in `$STRATUS_DATA` or the cache, and the files are found (compressed with gzip too), checked by SHA-256.
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
  const [train, test] = await Promise.all([read(cifar10Files.slice(0, 5), options), read(cifar10Files.slice(5), options)]);
  return { train, test, classes };
}
