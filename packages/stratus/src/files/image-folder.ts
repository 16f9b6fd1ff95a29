import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { type Dataset, dataset, fail, lookUp, StratusError, type Tensor } from '@stratus/core';
import { checkImageOptions, decodeImage, type ImageOptions } from './image.ts';
import { oneOf } from './options.ts';

/** An image of a folder. */
export interface ImageRecord {
  /** `[height, width, channels]`, from 0 to 255. */
  readonly image: Tensor<'uint8'>;
  /** The number of its class. */
  readonly label: number;
  readonly file: string;
}

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends ImageOptions {
  /** The folders to read, in the order of their labels; all in alphabetical order unless told. */
  readonly classes?: readonly string[] | undefined;
  /** What an image that cannot be read does: 'stop' (unless told) ends with an error that names it, 'skip' leaves it out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Called for each image that is left out. */
  readonly onSkip?: ((image: { readonly file: string; readonly reason: string }) => void) | undefined;
}

/** What {@link imageFolder} gives. */
export interface ImageFolder {
  readonly data: Dataset<ImageRecord>;
  /** The class behind each label. */
  readonly classes: readonly string[];
}

const extensions = new Set(['.jpg', '.jpeg', '.png', '.webp', '.gif', '.avif', '.tif', '.tiff']);

const namesIn = async (folder: string): Promise<{ folders: string[]; images: string[] }> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT' || e.code === 'ENOTDIR') throw fail('file-not-found', { file: folder }, e);
    throw fail('file-failed', { file: folder, doing: 'Reading', reason: e.message }, e);
  });
  const shown = entries.filter(({ name }) => !name.startsWith('.'));
  const isFolder = async (entry: Dirent): Promise<boolean> =>
    entry.isDirectory() ||
    (entry.isSymbolicLink() &&
      (await stat(join(folder, entry.name)).then(
        (to) => to.isDirectory(),
        () => false,
      )));
  const kinds = await Promise.all(shown.map(isFolder));
  return {
    folders: shown
      .filter((_, i) => kinds[i])
      .map(({ name }) => name)
      .sort(),
    images: shown
      .filter(({ name }) => extensions.has(extname(name).toLowerCase()))
      .map(({ name }) => name)
      .sort(),
  };
};

/**
 * Images in folders, one folder a class: `pets/cat/1.jpg`, `pets/dog/7.png`. They are decoded when they are read, several at a time; `shuffle` mixes the files before.
 *
 * Shapes: a record has `image [height, width, channels]` uint8, `label` and `file`; give `size` to put images of different sizes into batches. Errors: `file-not-found`,
 * `file-failed`; `bad-value` for a folder without folders of images; `unknown-name` for a class or an option; `corrupt`, when it is read, naming the image.
 * Source: keras.utils.image_dataset_from_directory, torchvision.datasets.ImageFolder.
 *
 * @example no-run
 * import { imageFolder } from 'stratus';
 * const { data, classes } = await imageFolder('pets', { size: [160, 160] });
 * const [train, test] = data.split([0.9, 0.1], { seed: 1 });
 * for await (const { image, label } of train.shuffle(1).batch(32)) console.log(image.shape, label.shape, classes); // [32, 160, 160, 3] [32]
 */
export async function imageFolder(folder: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  const { classes: wanted, onError = 'stop', onSkip, ...image } = options;
  checkImageOptions('imageFolder', image);
  oneOf('imageFolder', 'onError', onError, ['stop', 'skip']);
  const { folders } = await namesIn(folder);
  const table = Object.fromEntries(folders.map((name) => [name, true]));
  for (const name of wanted ?? []) lookUp('class', table, name);
  const classes = wanted ?? folders;
  const files: { readonly file: string; readonly label: number }[] = [];
  for (const [label, name] of classes.entries()) {
    const { images } = await namesIn(join(folder, name));
    files.push(...images.map((own) => ({ file: join(folder, name, own), label })));
  }
  if (files.length === 0)
    throw fail('bad-value', {
      what: folder,
      got: classes.length === 0 ? 'no folders' : `no images in ${classes.join(', ')}`,
      want: 'a folder for each class with images in it: cat/1.jpg, dog/2.jpg',
    });
  const read = async ({ file, label }: (typeof files)[number]): Promise<ImageRecord> => ({
    image: await decodeImage(file, image),
    label,
    file,
  });
  const parallel = 2 * availableParallelism(); // some are read from the disk while others are decoded
  if (onError === 'stop') return { data: dataset(files).map(read, { parallel }), classes };
  const tried = dataset(files).map(
    (entry): Promise<ImageRecord | undefined> =>
      read(entry).catch((e: unknown) => {
        if (!StratusError.is(e)) throw e;
        onSkip?.({ file: entry.file, reason: e.message });
        return undefined;
      }),
    { parallel },
  );
  return { data: tried.filter((record): record is ImageRecord => record !== undefined), classes };
}
