// The binary form of the CIFAR data sets: a byte for each label, then the picture's planes of red, green and blue.
import { fail, Tensor } from '@stratus/core';

const side = 32;
const pixels = side * side;
/** Bytes of a picture. */
export const pictureBytes = 3 * pixels;

/** Labels of one kind. */
interface Labels {
  readonly values: Tensor<'uint8'>;
  /** How many classes there are. */
  readonly classes: number;
}

/** What records are written to. */
export interface Pictures {
  readonly images: Tensor<'uint8'>;
  /** In the order in which they stand before a picture. */
  readonly labels: readonly Labels[];
}

/** Room for `count` pictures, with labels of so many classes each. */
export const emptyPictures = (count: number, classes: readonly number[]): Pictures => ({
  images: new Tensor('uint8', [count, side, side, 3], new Uint8Array(count * pictureBytes)),
  labels: classes.map((n) => ({ values: new Tensor('uint8', [count], new Uint8Array(count)), classes: n })),
});

/** Reads records, from record `at` of what they are written to; pictures become channels-last. Errors: `corrupt`. */
export function parseCifar(
  bytes: Uint8Array,
  { images, labels, at = 0, file = 'The CIFAR data' }: Pictures & { readonly at?: number; readonly file?: string },
): void {
  const corrupt = (reason: string) => fail('corrupt', { file, reason, fix: 'Get the file again from its source.' });
  const recordBytes = labels.length + pictureBytes;
  const room = images.shape[0]! - at;
  const count = bytes.length / recordBytes;
  if (!Number.isInteger(count) || count > room)
    throw corrupt(`it has ${bytes.length} bytes, expected ${room} records of ${recordBytes} bytes`);
  const image = images.data;
  for (let record = 0; record < count; record++) {
    const start = record * recordBytes;
    for (const [i, { values, classes }] of labels.entries()) {
      const label = bytes[start + i]!;
      if (label >= classes) throw corrupt(`record ${record} has the label ${label}, expected 0 to ${classes - 1}`);
      values.data[at + record] = label;
    }
    const first = start + labels.length;
    let to = (at + record) * pictureBytes;
    for (let red = first; red < first + pixels; red++) {
      image[to++] = bytes[red]!;
      image[to++] = bytes[red + pixels]!;
      image[to++] = bytes[red + 2 * pixels]!;
    }
  }
}
