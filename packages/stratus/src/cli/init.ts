import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { jsonOption, withExamples } from './options.ts';
import { outputFor, quoted, table } from './output.ts';
import { templates } from './templates/index.ts';
import type { Template } from './templates/template.ts';
import { version } from './version.ts';

interface InitOptions {
  readonly template: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `stratus init` */
export function addInit(program: Command): void {
  const command = program
    .command('init')
    .summary('begin a project')
    .description(
      `Writes a small typed project, ready to be changed into yours. Templates:\n${Object.entries(templates)
        .map(([name, { about }]) => `  ${name.padEnd(9)}${about}`)
        .join('\n')}`,
    )
    .argument('[folder]', 'where; it must be empty or new', '.')
    .option('--template <name>', `what to begin with: ${Object.keys(templates).join(', ')}`, 'digits')
    .option('--force', 'write into a folder that is not empty, over files of the same names')
    .addOption(jsonOption())
    .action((folder: string, options: InitOptions) => init(folder, options));
  withExamples(command, 'stratus init digits', 'stratus init prices --template tabular', 'npx stratus init .');
}

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

const readme = (name: string, { purpose, commands, own }: Template): string => {
  const rows = [
    ['npm install', 'gets what the project needs'],
    ['npm run train', 'runs `train.ts`; Ctrl-C stops it with a checkpoint, `npm run train -- --resume` goes on'],
    ...commands,
    ['npm run deploy', 'serves it over HTTP: `POST /predict` where it takes records, Open Inference Protocol v2'],
    ['npm run check', 'checks the types'],
  ];
  return `# ${name}

${purpose}, made with Stratus.

| command | does |
|---|---|
${rows.map(([command, does]) => `| \`${command}\` | ${does} |`).join('\n')}
${own === undefined ? '' : `\n${own}\n`}
\`train.ts\` runs as it is, without a build. The file that training writes, \`model.onnx\`, is the file that serving loads; any other
tool that reads ONNX can use it too.
`;
};

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

/** Errors: `usage` with a did-you-mean. */
async function templateOf(name: string): Promise<Template> {
  const { fail, lookUp, StratusError } = await import('@stratus/core');
  try {
    return lookUp('template', templates, name);
  } catch (e) {
    throw StratusError.is(e) ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
}

async function init(folder: string, { force = false, template: wanted, ...options }: InitOptions): Promise<void> {
  const { fail } = await import('@stratus/core');
  const template = await templateOf(wanted);
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
    scripts: { train: 'stratus train train.ts', ...template.scripts, deploy: 'stratus deploy model.onnx', check: 'tsc' },
    dependencies: { stratus: `^${version}` },
    devDependencies: { '@types/node': '^20.19.0', typescript: '^7.0.2' },
  };
  const files: readonly (readonly [name: string, content: string, about: string])[] = [
    ['train.ts', template.train, 'the model and its training'],
    ['package.json', json(manifest), 'commands and dependencies'],
    ['tsconfig.json', json(tsconfig), 'strict types, no build'],
    ['.npmrc', npmrc, 'no install scripts'],
    ['.gitignore', 'node_modules/\ncheckpoints/\n*.onnx\n', 'what stays out of git'],
    ['README.md', readme(name, template), 'what there is'],
  ];
  const data = (await template.data?.()) ?? [];
  const places = new Set(data.map(([file]) => file.split('/')[0]!));
  try {
    await mkdir(path, { recursive: true });
    for (const [file, content] of [...files, ...data]) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), content, { flag: force ? 'w' : 'wx' });
    }
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
  output.data({ folder: path, template: wanted, files: [...files.map(([file]) => file), ...places], next });
  output.print(`Created ${bold(name)} in ${path}\n`);
  const shown = [
    ...files.map(([file, , about]) => [file, about] as const),
    ...[...places].map((file) => [file, 'data to begin with'] as const),
  ];
  output.print(table(shown.map(([file, about]) => [`  ${file}`, dim(about)])));
  output.print(`\nNext:\n${next.map((line) => `  ${cyan(line)}`).join('\n')}`);
}
