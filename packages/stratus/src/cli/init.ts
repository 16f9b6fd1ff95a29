import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { jsonOption, withExamples } from './options.ts';
import { outputFor, quoted, table } from './output.ts';
import { version } from './version.ts';

interface InitOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `stratus init` */
export function addInit(program: Command): void {
  const command = program
    .command('init')
    .summary('begin a project')
    .description('Writes a small typed project that trains on handwritten digits, ready to be changed into yours.')
    .argument('[folder]', 'where; it must be empty or new', '.')
    .option('--force', 'write into a folder that is not empty, over files of the same names')
    .addOption(jsonOption())
    .action((folder: string, options: InitOptions) => init(folder, options));
  withExamples(command, 'stratus init digits', 'npx stratus init .');
}

const train = `// Trains a network on handwritten digits: npm run train
import { adam, dense, dropout, flatten, input, mnist, rescaling, sequential } from 'stratus';

const { train, test } = await mnist();

const model = sequential([
  input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
  rescaling({ scale: 1 / 255 }),
  flatten(),
  dense({ units: 128, activation: 'relu' }),
  dropout({ rate: 0.2 }),
  dense({ units: 10, activation: 'softmax', name: 'digit' }),
]);
model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

await model.fit(train.image, train.label, {
  epochs: 5,
  batchSize: 128,
  validationData: [test.image, test.label],
});

await model.save('model.onnx', { labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] });
console.log('Saved model.onnx. Next: npm run predict, or npm run deploy');
`;

const scripts = {
  train: 'stratus train train.ts',
  evaluate: 'stratus evaluate model.onnx --data mnist',
  predict: 'stratus predict model.onnx --data mnist --index 0',
  deploy: 'stratus deploy model.onnx',
  check: 'tsc',
};

const tsconfig = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
  },
  include: ['**/*.ts'],
};

const npmrc = `# No install script of a dependency runs here: onnxruntime-node's would download a CUDA provider.
ignore-scripts=true
`;

const readme = (name: string): string => `# ${name}

A network that reads handwritten digits, made with [Stratus](https://www.npmjs.com/package/stratus).

| command | does |
|---|---|
| \`npm install\` | gets what the project needs |
| \`npm run train\` | runs \`train.ts\`; Ctrl-C stops it with a checkpoint, \`npm run train -- --resume\` goes on |
| \`npm run evaluate\` | measures \`model.onnx\` on the test digits |
| \`npm run predict\` | asks it for one of them |
| \`npm run deploy\` | serves it over HTTP (Open Inference Protocol v2) |
| \`npm run check\` | checks the types |

\`train.ts\` runs as it is, without a build. The file that training writes, \`model.onnx\`, is the file that serving loads; any other
tool that reads ONNX can use it too.
`;

/** A name that npm accepts. */
const packageName = (folder: string): string =>
  folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replace(/^[._-]+|-+$/g, '')
    .slice(0, 200) || 'my-model';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** What people and systems put into a folder that is empty all the same. */
const ignored = new Set(['.git', '.DS_Store', 'Thumbs.db']);

async function init(folder: string, { force = false, ...options }: InitOptions): Promise<void> {
  const { fail } = await import('@stratus/core');
  const output = outputFor(options);
  const path = resolve(folder);
  const there = await readdir(path).catch((e: NodeJS.ErrnoException) => {
    if (e.code === 'ENOENT') return [];
    const reason = e.code === 'ENOTDIR' ? 'it is a file' : e.message;
    throw fail('file-failed', { doing: 'Writing into', file: path, reason }, e);
  });
  const inTheWay = there.filter((name) => !ignored.has(name));
  if (inTheWay.length > 0 && !force) {
    const some = inTheWay.slice(0, 3).join(', ') + (inTheWay.length > 3 ? ', …' : '');
    throw fail('usage', {
      reason: `${path} is not empty: it holds ${some}.`,
      fix: 'Name another folder, or add --force to write into it.',
    });
  }
  const name = packageName(basename(path));
  const manifest = {
    name,
    private: true,
    type: 'module',
    scripts,
    dependencies: { stratus: `^${version}` },
    devDependencies: { '@types/node': '^20.19.0', typescript: '^7.0.2' },
  };
  const files: readonly (readonly [name: string, content: string, about: string])[] = [
    ['train.ts', train, 'the model and its training'],
    ['package.json', json(manifest), 'commands and dependencies'],
    ['tsconfig.json', json(tsconfig), 'strict types, no build'],
    ['.npmrc', npmrc, 'no install scripts'],
    ['.gitignore', 'node_modules/\ncheckpoints/\n*.onnx\n', 'what stays out of git'],
    ['README.md', readme(name), 'what there is'],
  ];
  try {
    await mkdir(path, { recursive: true });
    for (const [file, content] of files) await writeFile(join(path, file), content, { flag: force ? 'w' : 'wx' });
  } catch (e) {
    throw fail('file-failed', { doing: 'Writing into', file: path, reason: (e as Error).message }, e);
  }

  const { bold, dim, cyan } = output.colors;
  const next = [
    ...(path === resolve('') ? [] : [`cd ${quoted(relative('', path).startsWith('..') ? path : relative('', path))}`]),
    'npm install',
    'npm run train',
    'npm run deploy',
  ];
  output.data({ folder: path, files: files.map(([file]) => file), next });
  output.print(`Created ${bold(name)} in ${path}\n`);
  output.print(table(files.map(([file, , about]) => [`  ${file}`, dim(about)])));
  output.print(`\nNext:\n${next.map((line) => `  ${cyan(line)}`).join('\n')}`);
}
