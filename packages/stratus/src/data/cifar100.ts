import { type Table, type Tensor, table } from '@stratus/core';
import { emptyPictures, parseCifar, pictureBytes } from './cifar-format.ts';
import type { DataFile, DataSetInfo, Forms, LookupOptions } from './data-file.ts';
import { type FoundFile, readAllData } from './read-data.ts';

/**
 * Columns of CIFAR-100: `image` `[n, 32, 32, 3]` from 0 to 255, red, green, blue; `label` `[n]` from 0 to 99; `coarseLabel` `[n]` from 0 to 19, the
 * group that the class belongs to.
 */
export type Cifar100Columns = {
  readonly image: Tensor<'uint8'>;
  readonly label: Tensor<'uint8'>;
  readonly coarseLabel: Tensor<'uint8'>;
};
/** One picture: its image `[32, 32, 3]` and its two labels. */
export type Cifar100Record = { readonly image: Tensor<'uint8'>; readonly label: number; readonly coarseLabel: number };
/** The two parts of CIFAR-100: 50,000 pictures to train with and 10,000 to test with. */
export interface Cifar100 {
  readonly train: Table<Cifar100Columns, Cifar100Record>;
  readonly test: Table<Cifar100Columns, Cifar100Record>;
  /** The class behind each label. */
  readonly classes: readonly string[];
  /** The group of classes behind each coarse label. */
  readonly coarseClasses: readonly string[];
}

// As fine_label_names.txt and coarse_label_names.txt in the archive have them.
const classes = (
  'apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud ' +
  'cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man ' +
  'maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road ' +
  'rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout ' +
  'tulip turtle wardrobe whale willow_tree wolf woman worm'
).split(' ');
const coarseClasses = (
  'aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture insects large_carnivores large_man-made_outdoor_things ' +
  'large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2'
).split(' ');

const archive: DataFile = {
  dataset: 'cifar-100',
  file: 'cifar-100-binary.tar.gz',
  bytes: 168_513_733,
  sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
  urls: ['https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz'],
};
const part = (file: string, count: number, sha256: string): Forms => [
  { dataset: archive.dataset, file, bytes: count * (2 + pictureBytes), sha256, urls: [] },
  { ...archive, member: `cifar-100-binary/${file}` },
];

/** @internal Training, test. */
export const cifar100Files = [
  part('train.bin', 50_000, 'f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29'),
  part('test.bin', 10_000, 'd8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a'),
] as const;

/** @internal */
export const cifar100Info: DataSetInfo = {
  title: 'CIFAR-100',
  about: 'Colour pictures of a hundred kinds of things, in twenty groups.',
  records: { train: 50_000, test: 10_000 },
  fields: {
    image: { dtype: 'uint8', shape: [32, 32, 3] },
    label: { dtype: 'uint8', shape: [] },
    coarseLabel: { dtype: 'uint8', shape: [] },
  },
  classes: { label: classes, coarseLabel: coarseClasses },
  source: 'https://www.cs.toronto.edu/~kriz/cifar.html',
  licence: 'none stated',
  cite: 'Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"',
  files: cifar100Files,
};

/** @internal Records of a coarse label, a label and a picture. Errors: `corrupt`. */
export function parseCifar100(bytes: Uint8Array, file?: string): Table<Cifar100Columns, Cifar100Record> {
  const count = Math.floor(bytes.length / (2 + pictureBytes));
  const pictures = emptyPictures(count, [coarseClasses.length, classes.length]);
  parseCifar(bytes, { ...pictures, ...(file !== undefined && { file }) });
  const [coarse, fine] = pictures.labels;
  return table<Cifar100Columns, Cifar100Record>({ image: pictures.images, label: fine!.values, coarseLabel: coarse!.values });
}

/**
 * CIFAR-100: 60,000 colour pictures of a hundred kinds of things in twenty groups, 50,000 for training and 10,000 for testing, as bytes from 0 to 255, channels last.
 * Downloaded once if need be (169 MB, the official archive, which is kept as it is), and checked against its SHA-256; `train.bin` and `test.bin` out of it do as well.
 *
 * Shapes: `image` `[n, 32, 32, 3]`, `label` and `coarseLabel` `[n]`, all uint8. Errors: `data-not-found` (says how to get it), `corrupt`, `file-failed`, `aborted`.
 * Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", https://www.cs.toronto.edu/~kriz/cifar.html. No explicit licence; cite the report.
 *
 * @example no-run
 * import { cifar100 } from 'stratus';
 * const { train, classes, coarseClasses } = await cifar100();
 * const { label, coarseLabel } = train.record(0);
 * console.log(train.image.shape, classes[label], coarseClasses[coarseLabel]); // [50000, 32, 32, 3] cattle large_omnivores_and_herbivores
 */
export async function cifar100(options: LookupOptions = {}): Promise<Cifar100> {
  const [train, test] = (await readAllData(cifar100Files, options)) as [FoundFile, FoundFile];
  return { train: parseCifar100(train.bytes, train.path), test: parseCifar100(test.bytes, test.path), classes, coarseClasses };
}
