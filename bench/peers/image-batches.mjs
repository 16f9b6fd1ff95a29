// Images of a folder as pictures of 224 x 224, in a process of its own. Arguments: 'sharp' or 'stratus', and the folder;
// or 'write', the folder and how many images it gets. Prints seconds and images.
import { mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { imageFolder, randomKey, uniforms } from 'stratus';

const [way, folder, size] = process.argv.slice(2);
const sharp = createRequire(import.meta.resolve('stratus'))('sharp');

/** Pictures of 500 x 375, which cameras make for the web, with edges and areas as photographs have, in ten folders. */
async function write() {
  const random = uniforms(randomKey(1));
  for (let i = 0; i < 10; i++) mkdirSync(join(folder, `class-${i}`));
  for (let i = 0; i < size; i++) {
    const small = Uint8Array.from({ length: 20 * 15 * 3 }, () => random() * 256);
    const picture = sharp(small, { raw: { width: 20, height: 15, channels: 3 } }).resize(500, 375, { kernel: 'cubic' });
    await picture.jpeg({ quality: 90 }).toFile(join(folder, `class-${i % 10}`, `${i}.jpg`));
  }
  return Number(size);
}

/** sharp alone, as its guide shows it, with as many at a time as keep its pool busy. */
async function sharpAlone() {
  const files = readdirSync(folder).flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)));
  let next = 0;
  const worker = async () => {
    while (next < files.length) await sharp(files[next++]).resize(224, 224).raw().toBuffer();
  };
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, worker));
  return files.length;
}

async function stratus() {
  const { data } = await imageFolder(folder, { size: [224, 224] });
  let images = 0;
  for await (const { image } of data.shuffle(1).batch(32)) images += image.shape[0];
  return images;
}

const start = performance.now();
const images = await { write, sharp: sharpAlone, stratus }[way]();
console.log(JSON.stringify({ seconds: (performance.now() - start) / 1e3, images }));
