// Folders of images, and a cache on disk.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataset, decodeImage, diskCache, imageFolder, isTensor, type Tensor, tensor } from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-images-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (...names: string[]): string => join(folder, ...names);

/** A picture in one colour, with a white left half. */
const picture = (width: number, height: number, [r, g, b]: readonly [number, number, number]) => {
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) pixels.set(i % width < width / 2 ? [255, 255, 255] : [r, g, b], 3 * i);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
};

beforeAll(async () => {
  for (const [name, colour] of [
    ['red', [255, 0, 0]],
    ['blue', [0, 0, 255]],
  ] as const) {
    mkdirSync(path('colours', name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const image = picture(20 + i, 12, colour);
      await (i % 2 ? image.png() : image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' })).toFile(
        path('colours', name, `${i}.${i % 2 ? 'png' : 'jpg'}`),
      );
    }
  }
  writeFileSync(path('colours', 'red', 'notes.txt'), 'no image');
  mkdirSync(path('colours', '.thumbnails'));
});

const at = ({ shape, data }: Tensor, row: number, column: number): number[] => {
  const [, width, channels] = shape as [number, number, number];
  return [...(data as Uint8Array).subarray((row * width + column) * channels, (row * width + column + 1) * channels)];
};

describe('imageFolder', () => {
  it('takes a class from each folder, and only images', async () => {
    const { data, classes } = await imageFolder(path('colours'));
    expect(classes).toEqual(['blue', 'red']);
    expect(data.length).toBe(20);
    const records = await data.toArray();
    expect(records.map(({ label }) => label)).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
    for (const { image, label } of records) {
      expect([image.dtype, image.shape[0], image.shape[2]]).toEqual(['uint8', 12, 3]);
      const [r, g, b] = at(image, 6, image.shape[1]! - 2) as [number, number, number];
      expect([r > 240, g < 15, b > 240]).toEqual([label === 1, true, label === 0]);
    }
  });

  it('follows links to folders', async () => {
    mkdirSync(path('linked'));
    symlinkSync(path('colours', 'red'), path('linked', 'rot'));
    const { data, classes } = await imageFolder(path('linked'));
    expect([classes, data.length]).toEqual([['rot'], 10]);
  });

  it('makes batches of one size, in an order of its own in each epoch', async () => {
    const { data } = await imageFolder(path('colours'), { size: [8, 10], classes: ['red', 'blue'] });
    const labels: number[] = [];
    for await (const { image, label, file } of data.shuffle(1).batch(6)) {
      expect(image.shape.slice(1)).toEqual([8, 10, 3]);
      for (const [i, name] of (file.data as string[]).entries()) expect(name.includes('red')).toBe(label.data[i] === 0);
      labels.push(...(label.toArray() as number[]));
    }
    expect(labels.toSorted()).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
    expect(labels).not.toEqual(labels.toSorted());
  });

  it.each([
    ['stop', /3\.jpg is damaged/],
    ['skip', undefined],
  ] as const)('names an image that is broken, and can leave it out: %s', async (onError, message) => {
    mkdirSync(path('some', 'a'), { recursive: true });
    for (let i = 0; i < 5; i++)
      await picture(16, 16, [0, 99, 0])
        .jpeg()
        .toFile(path('some', 'a', `${i}.jpg`));
    truncateSync(path('some', 'a', '3.jpg'), Math.floor(readFileSync(path('some', 'a', '3.jpg')).length / 2));
    const skipped: string[] = [];
    const { data } = await imageFolder(path('some'), { onError, onSkip: ({ file }) => skipped.push(file) });
    if (message) await expect(data.toArray()).rejects.toThrow(message);
    else {
      expect((await data.toArray()).length).toBe(4);
      expect(skipped).toEqual([path('some', 'a', '3.jpg')]);
    }
  });

  it.each([
    ['a folder that is not there', () => imageFolder(path('nothing')), /nothing was not found/],
    ['a folder without folders', () => imageFolder(path('colours', 'red')), /got no folders, expected a folder for each class/],
    ['a class', () => imageFolder(path('colours'), { classes: ['rad'] }), /class named 'rad'.*Did you mean 'red'/],
    ['an option', () => imageFolder(path('colours'), { sizes: [2, 2] } as never), /Did you mean 'size'/],
    ['a size', () => imageFolder(path('colours'), { size: [2] as never }), /size = 2/],
    ['channels', () => imageFolder(path('colours'), { channels: 2 as never }), /channels = 2/],
  ])('refuses %s', async (_, open, message) => {
    await expect(open()).rejects.toThrow(message);
  });
});

describe('decodeImage', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif', 'tiff'] as const)('reads %s', async (kind) => {
    const bytes = await picture(30, 20, [10, 200, 30]).toFormat(kind, { quality: 100 }).toBuffer();
    const image = await decodeImage(bytes);
    expect(image.shape).toEqual([20, 30, 3]);
    for (const [i, v] of at(image, 10, 25).entries()) expect(Math.abs(v - [10, 200, 30][i]!)).toBeLessThan(12);
  });

  it('keeps every number of a PNG', async () => {
    const pixels = Buffer.from(Array.from({ length: 5 * 4 * 3 }, (_, i) => (i * 37) % 256));
    const bytes = await sharp(pixels, { raw: { width: 5, height: 4, channels: 3 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(bytes)).data]).toEqual([...pixels]);
  });

  it('gives as many channels as are asked for, whatever the image has', async () => {
    const grey = await sharp(Buffer.from([0, 128, 255, 9]), { raw: { width: 2, height: 2, channels: 1 } })
      .png()
      .toBuffer();
    expect([...(await decodeImage(grey, { channels: 1 })).data]).toEqual([0, 128, 255, 9]);
    expect((await decodeImage(grey)).shape).toEqual([2, 2, 3]);
    expect(at(await decodeImage(grey, { channels: 4 }), 0, 1)).toEqual([128, 128, 128, 255]);
    const clear = await sharp({ create: { width: 2, height: 2, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } } })
      .png()
      .toBuffer();
    expect(at(await decodeImage(clear), 0, 0)).toEqual([0, 0, 0]); // what is transparent is black
  });

  it('cuts, adds edges, or stretches to a size', async () => {
    const bytes = await picture(40, 20, [0, 0, 0]).png().toBuffer(); // left half white
    const square = { size: [20, 20] } as const;
    const cover = await decodeImage(bytes, square);
    expect([at(cover, 10, 2)[0], at(cover, 10, 17)[0]]).toEqual([255, 0]);
    const contain = await decodeImage(bytes, { ...square, fit: 'contain' });
    expect([at(contain, 1, 2)[0], at(contain, 10, 2)[0]]).toEqual([0, 255]);
    const fill = await decodeImage(bytes, { ...square, fit: 'fill' });
    expect([at(fill, 1, 2)[0], at(fill, 1, 17)[0]]).toEqual([255, 0]);
  });

  it('turns photographs upright', async () => {
    const lying = await picture(30, 20, [0, 0, 0]).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const upright = await decodeImage(lying);
    expect(upright.shape).toEqual([30, 20, 3]);
    expect(at(upright, 2, 10)[0]).toBeGreaterThan(240); // what was left is above
  });

  it.each([
    ['something else', () => Buffer.from('this is no image'), {}, /unsupported image format/],
    ['nothing', () => new Uint8Array(0), {}, /The image is damaged/],
    [
      'a file that is cut off',
      async () => (await picture(200, 200, [1, 2, 3]).png().toBuffer()).subarray(0, 200),
      {},
      /The image is damaged/,
    ],
    ['more pixels than allowed', () => picture(200, 200, [0, 0, 0]).png().toBuffer(), { maxPixels: 1000 }, /pixel limit/],
  ])('says what is wrong with %s', async (_, make, options, message) => {
    const decoded = decodeImage(await make(), options);
    await expect(decoded).rejects.toMatchObject({ code: 'corrupt' });
    await expect(decoded).rejects.toThrow(message);
  });

  it('refuses a small file that claims to be huge, without the memory', async () => {
    // A PNG's header of 60,000 by 60,000 pixels over a few bytes of data.
    const bomb = await sharp({ create: { width: 1, height: 1, channels: 3, background: 'black' } })
      .png()
      .toBuffer();
    bomb.writeUInt32BE(60_000, 16);
    bomb.writeUInt32BE(60_000, 20);
    await expect(decodeImage(bomb)).rejects.toMatchObject({ code: 'corrupt' });
  });

  it('names a file that is not there', async () => {
    await expect(decodeImage(path('no.png'))).rejects.toMatchObject({ code: 'file-not-found' });
  });
});

describe('diskCache', () => {
  const records = Array.from({ length: 600 }, (_, i) => ({
    i,
    words: [i, i + 1],
    image: tensor(Uint8Array.of(i % 256, 7)),
    name: `n${i}`,
    ok: i % 2 === 0,
    none: null,
  }));
  let read = 0;
  const source = dataset(records).map((record) => {
    read++;
    return record;
  });

  it('is filled by the first whole pass, and read by later ones and by other programs', async () => {
    const place = path('cache');
    const data = source.cache(diskCache(place));
    await data.take(300).toArray();
    expect(readdirSync(folder).filter((name) => name.startsWith('cache'))).toEqual([]);
    const first = await data.toArray();
    read = 0;
    const again = await source.cache(diskCache(place)).toArray();
    expect(read).toBe(0);
    expect(again).toEqual(first);
    expect(isTensor(again[5]!.image) && again[5]!.image.rows(0, 1).toArray()).toEqual([5]);
    expect(await data.toArray({ index: 590 })).toEqual(records.slice(590));
  });

  it('keeps what is no plain data, and tells tensors from records that look like them', async () => {
    const odd = dataset([
      {
        map: new Map([[1, 'a']]),
        set: new Set([2]),
        like: { dtype: 'x', shape: 1, data: 2 },
        when: new Date(5),
        t: tensor([1, 2]),
      },
    ]);
    const data = odd.cache(diskCache(path('odd')));
    const first = await data.toArray();
    expect(await data.toArray()).toEqual(first);
  });

  it('refuses a folder that holds something else, before the work', async () => {
    await expect(source.cache(diskCache(path('colours'))).toArray()).rejects.toThrow(/colours, which holds/);
  });

  it('leaves nothing behind where a pass fails', async () => {
    const failing = source.map(({ i }) => {
      if (i === 400) throw new Error('400');
      return i;
    });
    await expect(failing.cache(diskCache(path('never'))).toArray()).rejects.toThrow('400');
    await expect(
      dataset([() => 1])
        .cache(diskCache(path('never')))
        .toArray(),
    ).rejects.toThrow(/Writing .*never failed: .*could not be cloned/);
    expect(readdirSync(folder).filter((name) => name.startsWith('never'))).toEqual([]);
  });

  it.each([
    ['was cut off', (place: string) => truncateSync(join(place, 'records.bin'), 1000), /it has 1000 bytes/],
    [
      'holds something else',
      (place: string) =>
        writeFileSync(join(place, 'records.bin'), Buffer.alloc(readFileSync(join(place, 'records.bin')).length, 1)),
      /a part of it cannot be read/,
    ],
    [
      'is of another version',
      (place: string) => writeFileSync(join(place, 'about.json'), '{"format":99,"records":1}'),
      /another version/,
    ],
    ['says nothing about itself', (place: string) => writeFileSync(join(place, 'about.json'), '{'), /no JSON/],
  ])('says so when it %s', async (name, spoil, message) => {
    const place = path(`spoilt ${name}`);
    const data = source.cache(diskCache(place));
    await data.toArray();
    spoil(place);
    await expect(data.toArray()).rejects.toMatchObject({ code: 'corrupt' });
    await expect(data.toArray()).rejects.toThrow(message);
  });
});
