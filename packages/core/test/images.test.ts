// Pictures changed at random: the same key gives the same picture, and what has to stay stays.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  augment,
  dataset,
  type ImageChange,
  mixUp,
  randomBrightness,
  randomContrast,
  randomCrop,
  randomErasing,
  randomFlip,
  randomKey,
  randomRotation,
  randomTranslation,
  Tensor,
  tensor,
} from '../src/index.ts';

const picture = (height: number, width: number, channels = 3): Tensor<'uint8'> =>
  new Tensor(
    'uint8',
    [height, width, channels],
    Uint8Array.from({ length: height * width * channels }, (_, i) => 1 + ((i * 37) % 250)),
  );
const keys = Array.from({ length: 40 }, (_, i) => randomKey(i));
const changes: readonly (readonly [string, ImageChange])[] = [
  ['randomFlip', randomFlip({ mode: 'horizontalAndVertical' })],
  ['randomTranslation', randomTranslation({ heightFactor: 0.3, widthFactor: 0.2 })],
  ['randomCrop', randomCrop({ height: 3, width: 2 })],
  ['randomRotation', randomRotation({ factor: 0.1 })],
  ['randomBrightness', randomBrightness({ factor: 0.3 })],
  ['randomContrast', randomContrast({ factor: 0.3 })],
  ['randomErasing', randomErasing()],
  ['augment', augment(randomFlip(), randomErasing({ size: 0.2 }), randomContrast({ factor: 0.1 }))],
];

describe.each(changes)('%s', (name, change) => {
  it('follows from its key, keeps dtype and shape, and leaves the picture as it was', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 9 }),
        fc.integer({ min: 3, max: 9 }),
        fc.constantFrom(1, 3, 4),
        fc.nat(),
        (h, w, c, seed) => {
          for (const dtype of ['uint8', 'float32'] as const) {
            const image = tensor(dtype === 'uint8' ? picture(h, w, c).data : Float32Array.from(picture(h, w, c).data), {
              shape: [h, w, c],
            });
            const before = [...(image.data as Uint8Array)];
            const [one, two] = [change(image, randomKey(seed)), change(image, randomKey(seed))];
            expect(one).toEqual(two);
            expect(one.dtype).toBe(dtype);
            expect(one.shape).toEqual(name === 'randomCrop' ? [3, 2, c] : [h, w, c]);
            expect([...(image.data as Uint8Array)]).toEqual(before);
          }
        },
      ),
      { seed: 1, numRuns: 25 },
    ));

  it('does something, and not always the same', () => {
    const made = keys.map((key) => [...change(picture(8, 8), key).data].join());
    expect(new Set(made).size).toBeGreaterThan(2);
  });

  it('wants one picture of bytes or float32', () => {
    expect(() => change(tensor(new Uint8Array(8), { shape: [2, 2, 2, 1] }), randomKey(1))).toThrow(
      /one picture at a time.*before batch/,
    );
    expect(() => change(tensor(new Int32Array(27), { shape: [3, 3, 3] }), randomKey(1))).toThrow(
      /int32, expected uint8 or float32/,
    );
  });
});

describe('each change', () => {
  const small = tensor(Uint8Array.of(1, 2, 3, 4), { shape: [2, 2, 1] });
  const seen = (change: ImageChange, image: Tensor = small): Set<string> =>
    new Set(keys.map((key) => [...(change(image, key).data as Uint8Array)].join()));

  it('mirrors in each way that it may', () => {
    expect(seen(randomFlip())).toEqual(new Set(['1,2,3,4', '2,1,4,3']));
    expect(seen(randomFlip({ mode: 'vertical' }))).toEqual(new Set(['1,2,3,4', '3,4,1,2']));
    expect(seen(randomFlip({ mode: 'horizontalAndVertical' }))).toEqual(new Set(['1,2,3,4', '2,1,4,3', '3,4,1,2', '4,3,2,1']));
  });

  it('moves by whole pixels, and fills', () => {
    expect(seen(randomTranslation({ heightFactor: 0.5, widthFactor: 0, fillValue: 9 }))).toEqual(
      new Set(['1,2,3,4', '9,9,1,2', '3,4,9,9']),
    );
    expect(seen(randomTranslation({ heightFactor: 0, widthFactor: 0.5 }))).toEqual(new Set(['1,2,3,4', '0,1,0,3', '2,0,4,0']));
  });

  it('cuts every part', () => {
    expect(seen(randomCrop({ height: 1, width: 2 }))).toEqual(new Set(['1,2', '3,4']));
    expect(seen(randomCrop({ height: 2, width: 2 }))).toEqual(new Set(['1,2,3,4']));
    expect(() => randomCrop({ height: 3, width: 1 })(small, randomKey(1))).toThrow(/got \[2, 2, 1\], expected at least 3 x 1/);
  });

  it('turns about the middle: a whole turn is none, and what is alike all around stays', () => {
    const even = tensor(new Uint8Array(49).fill(7), { shape: [7, 7, 1] });
    for (const key of keys) {
      const turned = randomRotation({ factor: 0.5, fillValue: 7 })(even, key);
      expect([...turned.data]).toEqual([...even.data]);
    }
    expect([...randomRotation({ factor: 0 })(picture(5, 4), randomKey(1)).data]).toEqual([...picture(5, 4).data]);
    // A dot beside the middle keeps its distance from it.
    const dot = tensor(new Float32Array(121), { shape: [11, 11, 1] });
    dot.data[5 * 11 + 8] = 1;
    for (const key of keys.slice(0, 10)) {
      const { data } = randomRotation({ factor: 0.5 })(dot, key);
      let [sum, y, x] = [0, 0, 0];
      for (const [i, v] of (data as Float32Array).entries())
        [sum, y, x] = [sum + v, y + v * Math.floor(i / 11), x + v * (i % 11)];
      expect(Math.hypot(y / sum - 5, x / sum - 5)).toBeCloseTo(3, 0);
    }
  });

  it('keeps bytes from 0 to 255, and the mean where only contrast changes', () => {
    for (const key of keys) {
      const light = randomBrightness({ factor: 1 })(picture(6, 6), key).data;
      const more = light[0]! - 1; // the first byte is 1
      if (more > 0) expect([...light]).toEqual([...picture(6, 6).data].map((v) => Math.min(255, v + more)));
      const values = tensor(Float32Array.of(0.2, 0.4, 0.9), { shape: [3, 1, 1] });
      const contrast = randomContrast({ factor: 0.5 })(values, key).data as Float32Array;
      expect((contrast[0]! + contrast[1]! + contrast[2]!) / 3).toBeCloseTo(0.5, 6);
    }
  });

  it('erases one square', () => {
    const image = tensor(new Uint8Array(100).fill(1), { shape: [10, 10, 1] });
    for (const key of keys) {
      const erased = [...randomErasing({ size: 0.4 })(image, key).data].filter((v) => v === 0).length;
      expect(erased).toBeGreaterThanOrEqual(4); // a quarter of the square at a corner
      expect(erased).toBeLessThanOrEqual(16);
    }
  });

  it.each([
    ['mode', () => randomFlip({ mode: 'diagonal' as never }), /mode 'diagonal'/],
    ['height', () => randomCrop({ height: 0, width: 1 }), /height = 0/],
    ['factor', () => randomRotation({ factor: 2 }), /factor = 2/],
    ['alpha', () => mixUp({ alpha: 0 }), /alpha = 0/],
  ])('refuses a bad %s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});

describe('mixUp', () => {
  const batch = {
    x: tensor(Uint8Array.of(0, 100, 200, 50), { shape: [4, 1] }),
    y: tensor([
      [1, 0],
      [0, 1],
      [1, 0],
      [0, 1],
    ]),
  };
  it('mixes inputs and targets with the same share', () => {
    for (const key of keys) {
      const { x, y } = mixUp({ alpha: 1 })({ x: batch.y, y: batch.y }, key);
      expect([...x.data]).toEqual([...y.data]);
      for (let i = 0; i < 4; i++) expect(y.data[2 * i]! + y.data[2 * i + 1]!).toBeCloseTo(1, 6);
    }
    const { x } = mixUp({ alpha: 1 })(batch, randomKey(3));
    expect(x.dtype).toBe('float32');
  });

  it('draws shares from the beta distribution', () => {
    const n = 4000;
    const x = tensor(new Float32Array(n).fill(1), { shape: [n, 1] });
    for (const [alpha, want] of [
      [1, 1 / 12],
      [0.2, 0.25 / 1.4],
    ] as const) {
      // The share is what of y is left where the partner is known: solve for it from two columns.
      const pair = mixUp({ alpha })(
        {
          x,
          y: new Tensor(
            'float32',
            [n, 2],
            Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? (i >> 1) ** 2 / n : i >> 1)),
          ),
        },
        randomKey(9),
      );
      const shares = Array.from({ length: n }, (_, i) => {
        const [a, b] = [pair.y.data[2 * i]!, pair.y.data[2 * i + 1]! * n];
        // a = s i + (1 - s) j, b = s i² + (1 - s) j²; so (a - i) (i + j) = b - i² and s follows
        const j = a === i ? i : (b - i * i) / (a - i) - i;
        return j === i ? Number.NaN : (a - j) / (i - j);
      }).filter((s) => Number.isFinite(s) && s > -0.01 && s < 1.01);
      const mean = shares.reduce((p, q) => p + q, 0) / shares.length;
      const variance = shares.reduce((p, q) => p + (q - mean) ** 2, 0) / shares.length;
      expect(shares.length).toBeGreaterThan(0.9 * n);
      expect(mean).toBeCloseTo(0.5, 1);
      expect(Math.abs(variance / want - 1)).toBeLessThan(0.15);
    }
  });

  it('wants shares of classes', () => {
    expect(() => mixUp()({ x: batch.x, y: tensor(new Int32Array(4)) }, randomKey(1))).toThrow(/targets of int32.*one-hot/);
    expect(() => mixUp()({ x: batch.x, y: tensor([[1]]) }, randomKey(1))).toThrow(/one row a sample/);
  });
});

describe('in a data set', () => {
  it('pictures are changed anew in each epoch, and the same way when it is read again', async () => {
    const change = augment(randomTranslation({ heightFactor: 0.3, widthFactor: 0.3 }), randomFlip());
    const data = dataset([picture(6, 6), picture(6, 6)]).map((image, _, key) => ({ image: change(image, key) }));
    const [first, again, next] = await Promise.all([data.toArray(), data.toArray(), data.toArray({ epoch: 1 })]);
    expect(again).toEqual(first);
    expect(next).not.toEqual(first);
    expect(first![0]).not.toEqual(first![1]);
  });
});
