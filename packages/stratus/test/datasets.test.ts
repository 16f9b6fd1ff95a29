import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { StratusError } from '@stratus/core';
import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { emptyPictures, parseCifar } from '../src/data/cifar-format.ts';
import { cifar10Files } from '../src/data/cifar10.ts';
import { cifar100Files, parseCifar100 } from '../src/data/cifar100.ts';
import { parsePlanetoid } from '../src/data/cora.ts';
import type { Forms } from '../src/data/data-file.ts';
import { fashionMnistFiles } from '../src/data/fashion-mnist.ts';
import { imdbArchive, imdbFile, parseReviews } from '../src/data/imdb.ts';
import { cifar10, cifar100, cora, digits, fashionMnist, imdb, iris, rtPolarity, tinyShakespeare } from '../src/data/index.ts';
import { readAllData, readData } from '../src/data/read-data.ts';
import { parseSentences, rtPolarityFiles } from '../src/data/rt-polarity.ts';
import { parseRows, tabularFiles } from '../src/data/tabular.ts';
import { tinyShakespeareFiles } from '../src/data/tiny-shakespeare.ts';

const data = process.env['STRATUS_DATA'];
/** Runs where the data set is, and is skipped by name elsewhere. */
const real = (dataset: string) => it.skipIf(data === undefined || !existsSync(join(data, dataset)));

const caught = async (work: () => unknown): Promise<StratusError> => {
  try {
    await work();
  } catch (e) {
    if (StratusError.is(e)) return e;
    throw e;
  }
  throw new Error('expected an error');
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const counts = (labels: ArrayLike<number>, classes: number): number[] => {
  const all = new Array<number>(classes).fill(0);
  for (const label of Array.from(labels)) all[label]!++;
  return all;
};

describe('data sets, the real files', () => {
  real('cifar-10')('cifar10: pixels, labels and order of the official files', async () => {
    const { train, test, classes } = await cifar10();
    expect([train.image.shape, test.image.shape, train.length, test.length]).toEqual([
      [50_000, 32, 32, 3],
      [10_000, 32, 32, 3],
      50_000,
      10_000,
    ]);
    expect(Array.from(train.label.data.subarray(0, 5), (label) => classes[label])).toEqual([
      'frog',
      'truck',
      'truck',
      'deer',
      'automobile',
    ]);
    expect(Array.from(train.image.data.subarray(0, 6))).toEqual([59, 62, 63, 43, 46, 45]); // Keras shows these six
    expect(counts(train.label.data, 10)).toEqual(new Array(10).fill(5000));
    let [red, green, blue] = [0, 0, 0];
    const image = train.image.data;
    for (let i = 0; i < image.length; i += 3) {
      red += image[i]!;
      green += image[i + 1]!;
      blue += image[i + 2]!;
    }
    const means = [red, green, blue].map((sum) => sum / (image.length / 3) / 255);
    for (const [i, mean] of [0.4914, 0.48216, 0.44653].entries()) expect(means[i]).toBeCloseTo(mean, 5);
  });

  real('fashion-mnist')('fashionMnist: the test part alone', async () => {
    const { test, classes, ...rest } = await fashionMnist({ parts: ['test'] });
    expect([test.image.shape, counts(test.label.data, 10), classes[test.record(0).label], Object.keys(rest)]).toEqual([
      [10_000, 28, 28],
      new Array(10).fill(1000),
      'Ankle boot',
      [],
    ]);
  });

  real('imdb')('imdb: 25,000 each, mixed, the order a function of the seed', async () => {
    const { train, test } = await imdb();
    for (const part of [train, test]) {
      expect([part.length, counts(part.label.data, 2)]).toEqual([25_000, [12_500, 12_500]]);
      expect(counts(part.label.data.subarray(20_000), 2)[1]).toBeGreaterThan(2300);
    }
    // The size that the set's card states.
    expect(train.text.data.reduce((n, text) => n + Buffer.byteLength(text), 0)).toBe(33_132_823);
    const first = train.text.data[0];
    expect((await imdb({ seed: 1 })).train.text.data[0]).not.toBe(first);
  });

  real('rt-polarity')('rtPolarity: 5,331 each, decoded', async () => {
    const all = await rtPolarity();
    expect([all.length, counts(all.label.data, 2)]).toEqual([10_662, [5331, 5331]]);
    const text = all.text.data.join('\n');
    expect([text.includes('é'), text.includes('\ufffd'), text.includes('…')]).toEqual([true, false, true]);
  });

  real('tinyshakespeare')('tinyShakespeare', async () => {
    const text = await tinyShakespeare();
    expect([text.length, new Set(text).size, text.slice(0, 14)]).toEqual([1_115_394, 65, 'First Citizen:']);
  });

  real('cora')('cora: the public split', async () => {
    const graph = await cora();
    const { features, labels, edges, train, validation, test, classes } = graph;
    expect([features.shape, labels.shape, edges.shape, classes.length]).toEqual([[2708, 1433], [2708], [2, 10_556], 7]);
    expect([train.length, validation.length, test.length]).toEqual([140, 500, 1000]);
    expect(new Set([...train, ...validation, ...test]).size).toBe(1640);
    expect(features.data.reduce((n, x) => n + x, 0)).toBe(49_216);
    expect(
      counts(
        Array.from(train, (i) => labels.data[i]!),
        7,
      ),
    ).toEqual(new Array(7).fill(20));
    const pairs = new Set(Array.from({ length: 10_556 }, (_, i) => `${edges.data[i]} ${edges.data[10_556 + i]}`));
    expect(pairs.size).toBe(10_556);
    for (const pair of pairs) expect(pairs.has(pair.split(' ').reverse().join(' '))).toBe(true);
  });

  real('tabular')('iris and digits', async () => {
    const flowers = await iris();
    expect([flowers.data.features.shape, counts(flowers.data.label.data, 3), flowers.classes]).toEqual([
      [150, 4],
      [50, 50, 50],
      ['setosa', 'versicolor', 'virginica'],
    ]);
    expect(flowers.data.record(0).features.toArray()).toEqual([5.1, 3.5, 1.4, 0.2].map(Math.fround));
    const pictures = await digits();
    expect([pictures.data.length, counts(pictures.data.label.data, 10)]).toEqual([
      1797,
      [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], // as scikit-learn's documentation has it
    ]);
    expect(Math.max(...pictures.data.features.data)).toBe(16);
  });
});

describe('data sets that are not there', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'stratus-datasets-'));
    vi.stubEnv('STRATUS_DATA', dir);
    vi.stubEnv('XDG_CACHE_HOME', join(dir, 'cache'));
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no network')));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each([
    ['cifar10', cifar10, 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'],
    ['cifar100', cifar100, 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz'],
    ['fashionMnist', () => fashionMnist({ parts: ['test'] }), 'fashion-mnist.s3-website'],
    ['imdb', imdb, 'aclImdb_v1.tar.gz'],
    ['rtPolarity', rtPolarity, 'rt-polaritydata.tar.gz'],
    ['tinyShakespeare', tinyShakespeare, 'char-rnn'],
    ['cora', cora, 'kimiyoung/planetoid'],
    ['iris', iris, 'scikit-learn'],
    ['digits', digits, 'scikit-learn'],
  ])('%s says where it looked and how to get it', async (_, load, address) => {
    const e = await caught(load);
    expect(e.code).toBe('data-not-found');
    expect(e.message).toContain(address);
    expect(e.message).toContain(dir);
    expect(e.message).not.toMatch(/undefined|:\n {2}$/);
  });

  it('takes a folder, and says how to fill it', async () => {
    const e = await caught(() => cifar10({ directory: dir }));
    expect(e.details.looked).toEqual([dir]);
    expect(e.message).toContain('cifar-10-binary.tar.gz');
  });

  it('reads a plain file where the compressed one is missing, and refuses other content', async () => {
    mkdirSync(join(dir, 'rt-polarity'));
    writeFileSync(join(dir, 'rt-polarity', 'rt-polarity.neg'), 'not this\n');
    const e = await caught(rtPolarity);
    expect([e.code, String(e.details.file).endsWith('rt-polarity.neg')]).toEqual(['corrupt', true]);
  });

  it('knows a file by another compression, and looks where a distribution puts it', async () => {
    const content = gzipSync('hello');
    const { createHash } = await import('node:crypto');
    const sha = createHash('sha256').update(content).digest('hex');
    const wanted = { dataset: 'x', file: 'x.gz', bytes: 1, sha256: 'other', urls: [], folders: [join(dir, 'usr')] };
    mkdirSync(join(dir, 'usr'));
    writeFileSync(join(dir, 'usr', 'x.gz'), content);
    expect((await caught(() => readData(wanted, {}))).code).toBe('corrupt');
    const found = await readData({ ...wanted, alsoSha256: [sha] }, {});
    expect([new TextDecoder().decode(found.bytes), found.path]).toEqual(['hello', join(dir, 'usr', 'x.gz')]);
  });

  it('says so when gzip cannot read it', async () => {
    const content = gzipSync('hello').subarray(0, 15);
    const { createHash } = await import('node:crypto');
    const sha256 = createHash('sha256').update(content).digest('hex');
    mkdirSync(join(dir, 'x'));
    writeFileSync(join(dir, 'x', 'x.gz'), content);
    expect((await caught(() => readData({ dataset: 'x', file: 'x.gz', bytes: 15, sha256, urls: [] }, {}))).code).toBe('corrupt');
  });

  it('imdb reads the folder of the official archive, and counts', async () => {
    for (const part of ['train', 'test'])
      for (const label of ['neg', 'pos']) mkdirSync(join(dir, 'imdb', 'aclImdb', part, label), { recursive: true });
    writeFileSync(join(dir, 'imdb', 'aclImdb', 'train', 'neg', '0_3.txt'), 'bad');
    const e = await caught(imdb);
    expect([e.code, e.message.includes('1 reviews, expected 12500')]).toEqual(['corrupt', true]);
  });

  it('reads files out of the archive that is there, in one go, and checks its sum', async () => {
    const { createHash } = await import('node:crypto');
    const body = (text: string) => ({
      header: { name: `top/${text}.bin`, size: 3, type: 'file' as const },
      body: text.repeat(3),
    });
    const content = gzipSync(
      await packTar([{ header: { name: 'top/', size: 0, type: 'directory' } }, ...['a', 'b', 'c'].map(body)]),
    );
    mkdirSync(join(dir, 'x'));
    writeFileSync(join(dir, 'x', 'x.tar.gz'), content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const archive = { dataset: 'x', file: 'x.tar.gz', bytes: content.length, sha256, urls: [] };
    const forms = (member: string): Forms => [
      { dataset: 'x', file: `${member}.bin`, bytes: 3, sha256: 'of another place', urls: [] },
      { ...archive, member: `top/${member}.bin` },
    ];
    const found = await readAllData([forms('c'), forms('a')], {});
    expect(found.map(({ bytes: got, path }) => [new TextDecoder().decode(got), path])).toEqual([
      ['ccc', `${join(dir, 'x', 'x.tar.gz')}, top/c.bin`],
      ['aaa', `${join(dir, 'x', 'x.tar.gz')}, top/a.bin`],
    ]);
    const missing = await caught(() => readAllData([forms('d')], {}));
    expect([missing.code, missing.message.includes('holds no top/d.bin')]).toEqual(['corrupt', true]);
    // Damage anywhere, also behind what is read.
    for (const at of [12, 40, content.length - 3, content.length]) {
      writeFileSync(
        join(dir, 'x', 'x.tar.gz'),
        at === content.length ? content.subarray(0, 60) : content.with(at, content[at]! ^ 255),
      );
      const e = await caught(() => readAllData([forms('a')], {}));
      expect([e.code, e.message.includes(sha256)]).toEqual(['corrupt', true]);
    }
  });

  it('names files with their sums', () => {
    const forms = [
      ...cifar10Files.flat(),
      ...cifar100Files.flat(),
      ...Object.values(fashionMnistFiles).flat(),
      imdbFile,
      imdbArchive,
      ...rtPolarityFiles.flat(),
      ...tinyShakespeareFiles,
      ...Object.values(tabularFiles),
    ];
    for (const { sha256, alsoSha256 = [], urls, byHand } of forms) {
      for (const sum of [sha256, ...alsoSha256]) expect(sum).toMatch(/^[0-9a-f]{64}$/);
      expect(urls.length > 0 || byHand !== undefined || forms.length > 1).toBe(true);
    }
  });
});

describe('formats', () => {
  it('CIFAR: colour planes become channels-last', async () => {
    const record = new Uint8Array(2 * 3073);
    record[0] = 6;
    record[1] = 10; // red, first pixel
    record[1 + 1024] = 20;
    record[1 + 2048] = 30;
    record[1 + 1023] = 1; // red, last pixel
    record[3073] = 9;
    const into = emptyPictures(3, [10]);
    parseCifar(record, { ...into, at: 1 });
    expect(Array.from(into.labels[0]!.values.data)).toEqual([0, 6, 9]);
    expect(Array.from(into.images.data.subarray(3072, 3078))).toEqual([10, 20, 30, 0, 0, 0]);
    expect(Array.from(into.images.data.subarray(2 * 3072 - 3, 2 * 3072))).toEqual([1, 0, 0]);
    expect((await caught(() => parseCifar(record.subarray(1), emptyPictures(2, [10])))).code).toBe('corrupt');
    expect((await caught(() => parseCifar(record, emptyPictures(1, [10])))).code).toBe('corrupt');
    record[0] = 10;
    expect((await caught(() => parseCifar(record, emptyPictures(2, [10])))).message).toContain('label 10');
  });

  it('CIFAR-100: the coarse label first, then the label', async () => {
    const records = new Uint8Array(2 * 3074);
    records.set([11, 19, 5], 0); // cattle, a large omnivore or herbivore
    records.set([19, 99], 3074);
    const { image, label, coarseLabel } = parseCifar100(records);
    expect([image.shape, label.toArray(), coarseLabel.toArray(), image.data[0]]).toEqual([[2, 32, 32, 3], [19, 99], [11, 19], 5]);
    for (const wrong of [records.subarray(1), records.with(0, 20), records.with(1, 100)])
      expect((await caught(() => parseCifar100(wrong, 'here'))).code).toBe('corrupt');
  });

  it('reviews: JSON lines, a line at a time', async () => {
    const line = (split: string, label: string, text: string) => JSON.stringify({ split, label, text });
    const text = [line('train', 'neg', 'bad <br /> é'), line('train', 'pos', 'good'), line('test', 'pos', '')].join('\n');
    expect(await parseReviews(bytes(text))).toEqual({
      train: { texts: ['bad <br /> é', 'good'], labels: [0, 1] },
      test: { texts: [''], labels: [1] },
    });
    for (const wrong of ['{', line('train', 'neutral', 'x'), line('validation', 'neg', 'x'), '{"split":"train","label":"neg"}'])
      expect((await caught(() => parseReviews(bytes(`${text}\n${wrong}\n`)))).message).toContain('line 4');
  });

  it('sentences: Windows-1252, and only \\n ends a line', async () => {
    expect(parseSentences(Uint8Array.of(0x61, 0x85, 0x62, 0x20, 0x0a, 0xe9, 0x0a))).toEqual(['a…b', 'é']);
    expect((await caught(() => parseSentences(bytes('a\n\nb\n')))).message).toContain('line 2');
  });

  it('a graph: both directions, and indices that exist', async () => {
    const graph = {
      num_nodes: 3,
      num_features: 2,
      class_names: ['a', 'b'],
      labels: [0, 1, 1],
      features: [[0], [], [0, 1]],
      edges: [
        [0, 1],
        [1, 2],
      ],
      train: [0],
      val: [1],
      test: [2],
    };
    const { features, edges, labels, validation } = parsePlanetoid(JSON.stringify(graph));
    expect(features.toArray()).toEqual([
      [1, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(edges.toArray()).toEqual([
      [0, 1, 1, 2],
      [1, 2, 0, 1],
    ]);
    expect([labels.toArray(), Array.from(validation)]).toEqual([[0, 1, 1], [1]]);
    for (const [wrong, says] of [
      [{ labels: [0, 1] }, '2 labels'],
      [{ labels: [0, 1, 2] }, 'labels names 2'],
      [{ edges: [[0, 3]] }, 'edges names 3'],
      [{ features: [[0], [], [2]] }, 'node 2 names 2'],
      [{ test: [-1] }, 'test names -1'],
    ] as const) {
      const e = await caught(() => parsePlanetoid(JSON.stringify({ ...graph, ...wrong })));
      expect([e.code, e.message.includes(says)]).toEqual(['corrupt', true]);
    }
    expect((await caught(() => parsePlanetoid('{'))).code).toBe('corrupt');
  });

  it('rows of numbers, the label last', async () => {
    const { features, label } = parseRows(['1,2.5,0', '3,4,1'], 2, 2);
    expect([features.toArray(), label.toArray()]).toEqual([
      [
        [1, 2.5],
        [3, 4],
      ],
      [0, 1],
    ]);
    for (const wrong of ['1,2', '1,2,2', '1,x,0', '1,,0', '1,2,0.5', ''])
      expect((await caught(() => parseRows(['1,2,0', wrong], 2, 2))).message).toContain('record 2');
  });
});
