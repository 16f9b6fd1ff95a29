// A little real data for each example: of the data sets where STRATUS_DATA is set, else made of what the repository holds.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type Cifar10,
  type Columns,
  type Cora,
  cifar10,
  cleanText,
  conv2d,
  cora,
  decodeModel,
  dense,
  digits,
  type FashionMnist,
  fashionMnist,
  flatten,
  type Imdb,
  imdb,
  input,
  iris,
  maxPooling2d,
  mnist,
  rtPolarity,
  sequential,
  type Table,
  type Tabular,
  Tensor,
  type TextColumns,
  type TextRecord,
  table,
  tinyShakespeare,
} from 'stratus';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The folder of the data sets; undefined where there is none. */
export const dataFolder = process.env['STRATUS_DATA'];

/** The data set where it is there, else its stand-in; read once for all that ask. */
function either<T>(dataset: string, load: () => Promise<T>, standIn: () => Promise<T>): () => Promise<T> {
  let data: Promise<T> | undefined;
  return () => (data ??= dataFolder !== undefined && existsSync(join(dataFolder, dataset)) ? load() : standIn());
}

/** The first records, as columns of their own. */
const first = <C extends Columns, R>(data: Table<C, R>, count: number): Table<C, R> => data.take(count);

/** Every file under a folder of the repository whose name ends so, in the order of their names. */
const filesOf = (folder: string, end: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(end) && !path.includes('node_modules'))
    .sort()
    .map((path) => join(root, folder, path));

/** Digits of MNIST, each pixel from `f(digit's pixels, row, column, channel)`. */
async function digitPictures(part: 'train' | 'test', count: number, shape: readonly [number, number, number]) {
  const { image, label } = first((await mnist())[part], count);
  const [rows, columns, channels] = shape;
  const picture = new Uint8Array(count * rows * columns * channels);
  for (let i = 0; i < count; i++)
    for (let y = 0; y < 28; y++)
      for (let x = 0; x < 28; x++) {
        const at = ((i * rows + y + ((rows - 28) >> 1)) * columns + x + ((columns - 28) >> 1)) * channels;
        picture.fill(image.data[(i * 28 + y) * 28 + x]!, at, at + channels);
      }
  return { image: new Tensor('uint8', [count, ...shape], picture), label: new Tensor('uint8', [count], label.data.slice()) };
}

const digitClasses = Array.from({ length: 10 }, (_, i) => String(i));

/** 600 and 200 pictures; of MNIST's digits in grey where CIFAR-10 is not there. */
export const someCifar = either<Cifar10>(
  'cifar-10',
  async () => {
    const { train, test, classes } = await cifar10();
    return { train: first(train, 600), test: first(test, 200), classes };
  },
  async () => ({
    train: table(await digitPictures('train', 600, [32, 32, 3])) as Cifar10['train'],
    test: table(await digitPictures('test', 200, [32, 32, 3])) as Cifar10['test'],
    classes: digitClasses,
  }),
);

/** 1,000 pictures of the test part; MNIST's where Fashion-MNIST is not there. */
export const someFashion = either<Pick<FashionMnist, 'test' | 'classes'>>(
  'fashion-mnist',
  async () => {
    const { test, classes } = await fashionMnist({ parts: ['test'] });
    return { test: first(test, 1000), classes };
  },
  async () => ({ test: first((await mnist()).test, 1000), classes: digitClasses }),
);

const texts = (all: readonly (readonly [string, number])[]): Table<TextColumns, TextRecord> =>
  table<TextColumns, TextRecord>({
    text: new Tensor(
      'string',
      [all.length],
      all.map(([text]) => text),
    ),
    label: new Tensor(
      'uint8',
      [all.length],
      Uint8Array.from(all, ([, label]) => label),
    ),
  }).shuffle(1);

/** Paragraphs of the repository's documents (0) and comments of its sources (1), `count` of each. */
function documents(count: number, skip = 0): Table<TextColumns, TextRecord> {
  const prose = filesOf('packages', '.md')
    .concat(filesOf('bench', '.md'), join(root, 'ARCHITECTURE.md'), join(root, 'README.md'))
    .flatMap((path) => readFileSync(path, 'utf8').split(/\n(?:\n|- )/));
  const comments = filesOf('packages/core/src', '.ts').flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(/\/\*\* ([^*]+)/g)].map((m) => m[1]!),
  );
  return texts(
    [prose, comments].flatMap((all, label) =>
      all
        .map((text) => cleanText(text))
        .filter((text) => text.split(' ').length > 4)
        .slice(skip, skip + count)
        .map((text) => [text, label] as const),
    ),
  );
}

/** 300 and 100 texts, or a few less. */
export const someReviews = either<Imdb>(
  'imdb',
  async () => {
    const { train, test, classes } = await imdb();
    return { train: first(train, 300), test: first(test, 100), classes };
  },
  async () => ({ train: documents(150), test: documents(50, 150), classes: ['document', 'comment'] }),
);

/** 600 sentences, or a few hundred. */
export const someSentences = either<Table<TextColumns, TextRecord>>(
  'rt-polarity',
  async () => first(await rtPolarity(), 600),
  async () => documents(200),
);

/** A text of 100,000 characters at most. */
export const someText = either<string>(
  'tinyshakespeare',
  async () => (await tinyShakespeare()).slice(0, 100_000),
  async () =>
    filesOf('packages', '.md')
      .map((path) => readFileSync(path, 'utf8').replace(/[^\n -~]/g, ''))
      .join('\n')
      .slice(0, 100_000),
);

/** Cora, or a graph of its kind: the sources of packages/core, the words in each, who imports whom; a room is a class. */
export const someGraph = either<Cora>('cora', cora, async () => {
  const folder = join(root, 'packages/core/src');
  const paths = filesOf('packages/core/src', '.ts').filter((path) => relative(folder, path).includes('/'));
  const node = new Map(paths.map((path, i) => [path, i]));
  const roomOf = (path: string): string => relative(folder, path).split('/')[0]!;
  const classes = [...new Set(paths.map(roomOf))];
  const words = 200;
  const features = new Float32Array(paths.length * words);
  const pairs = new Set<string>();
  for (const [i, path] of paths.entries()) {
    const source = readFileSync(path, 'utf8');
    for (const word of source.match(/[a-z]{3,}/g) ?? []) {
      let hash = 0;
      for (const c of word) hash = (hash * 31 + c.charCodeAt(0)) % words;
      features[i * words + hash] = 1;
    }
    for (const [, to] of source.matchAll(/from '(\.[^']+)'/g)) {
      const j = node.get(resolve(dirname(path), to!));
      if (j !== undefined && j !== i) pairs.add(`${Math.min(i, j)} ${Math.max(i, j)}`);
    }
  }
  const edges = [...pairs].map((pair) => pair.split(' ').map(Number) as [number, number]);
  const indices = (remainder: number): Uint32Array => Uint32Array.from(paths.keys()).filter((i) => i % 3 === remainder);
  return {
    features: new Tensor('float32', [paths.length, words], features),
    labels: new Tensor(
      'uint8',
      [paths.length],
      Uint8Array.from(paths, (path) => classes.indexOf(roomOf(path))),
    ),
    edges: new Tensor(
      'int32',
      [2, 2 * edges.length],
      Int32Array.from([
        ...edges.map(([a]) => a),
        ...edges.map(([, b]) => b),
        ...edges.map(([, b]) => b),
        ...edges.map(([a]) => a),
      ]),
    ),
    train: indices(0),
    validation: indices(1),
    test: indices(2),
    classes,
  };
});

/** MNIST's digits in place of a table: the mean ink of each of `cells` by `cells` parts of the picture. */
async function inkTable(count: number, cells: number, classes: number): Promise<Tabular> {
  const { image, label } = (await mnist()).test;
  const rows = Array.from(label.data.keys())
    .filter((i) => label.data[i]! < classes)
    .slice(0, count);
  const step = 28 / cells;
  const features = new Float32Array(rows.length * cells * cells);
  for (const [i, row] of rows.entries())
    for (let at = 0; at < 784; at++) {
      const cell = Math.floor(Math.floor(at / 28) / step) * cells + Math.floor((at % 28) / step);
      features[i * cells * cells + cell]! += (16 * image.data[row * 784 + at]!) / 255 / step ** 2;
    }
  return {
    data: table({
      features: new Tensor(
        'float32',
        [rows.length, cells * cells],
        features.map((ink) => Math.min(ink, 16)),
      ),
      label: new Tensor(
        'uint8',
        [rows.length],
        Uint8Array.from(rows, (row) => label.data[row]!),
      ),
    }) as Tabular['data'],
    featureNames: Array.from({ length: cells * cells }, (_, i) => `part ${i}`),
    classes: digitClasses.slice(0, classes),
  };
}

/** The two small tables. */
export const someTables = either<{ readonly iris: Tabular; readonly digits: Tabular }>(
  'tabular',
  async () => ({ iris: await iris(), digits: await digits() }),
  async () => ({ iris: await inkTable(150, 2, 3), digits: await inkTable(600, 8, 10) }),
);

/** A network that "somebody else" trained, for `finetune-onnx`: its own base where it is there, else a small one as untrained bytes. */
export const someBase = either<object>(
  'onnx',
  async () => ({}),
  async () => {
    const layout = { dataFormat: 'channelsFirst' } as const;
    const net = sequential([
      input({ shape: [1, 28, 28] }),
      conv2d({ filters: 4, kernelSize: 5, activation: 'relu', ...layout }),
      maxPooling2d({ poolSize: 4, ...layout }),
      flatten(),
      dense({ units: 10 }),
    ]);
    const base = await net.toBytes();
    await net.release();
    const cut = decodeModel(base).graph?.node?.find(({ opType }) => opType === 'MaxPool')?.output?.[0];
    return { base, cut };
  },
);

const data = (read: () => Promise<unknown>) => async (): Promise<object> => ({ data: await read() });

/** What `train` of each example is given beside the options that all have. An example that makes its own data is not here. */
export const givenTo: Readonly<Record<string, () => Promise<object>>> = {
  perceptron: data(someTables),
  'cifar-cnn': data(someCifar),
  'cifar-best': data(someCifar),
  densenet: data(someCifar),
  'imdb-lstm': data(someReviews),
  'imdb-lstm-dropout': data(someReviews),
  'imdb-functional': data(someReviews),
  'imdb-transformer': data(someReviews),
  bert: data(someReviews),
  textcnn: data(someSentences),
  'cora-gcn': data(someGraph),
  'char-gpt': data(someText),
  'finetune-onnx': async () => ({ data: await someFashion(), ...(await someBase()) }),
};

/** The examples: every file here but the frame. */
export const exampleNames: readonly string[] = readdirSync(fileURLToPath(new URL('.', import.meta.url)))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !['script.ts', 'test-data.ts'].includes(name))
  .map((name) => basename(name, '.ts'))
  .sort();
