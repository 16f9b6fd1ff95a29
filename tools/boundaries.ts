// Who may import whom. A room is a folder directly under a package's src; it is entered through its index.ts only.
import { join, posix } from 'node:path';
import type { Project } from 'typescript/unstable/sync';
import { report, root, shown, withProjects } from './project.ts';

/** One import, of a type or a value, static or not. Paths are relative to the root of the repository. */
export interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

/** Room -> the rooms that it may import. A room stands below those that it imports, so there is no way to write a cycle. */
export const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'packages/core/src': {
    tensor: [],
    graph: ['tensor'],
    ops: ['tensor', 'graph'],
    grad: ['tensor', 'graph', 'ops'],
    passes: ['tensor', 'graph', 'ops', 'grad'],
    onnx: ['tensor', 'graph', 'ops'],
    runtime: ['tensor', 'graph', 'onnx'],
    profile: ['tensor', 'graph', 'ops', 'onnx', 'runtime'],
    targets: ['tensor', 'graph', 'ops'],
    losses: ['tensor', 'graph', 'ops', 'targets'],
    metrics: ['tensor', 'graph', 'ops', 'targets'],
    optim: ['tensor', 'graph', 'ops'],
    nn: ['tensor', 'graph', 'ops', 'onnx'],
    data: ['tensor', 'runtime'],
    preprocessing: ['tensor', 'runtime', 'nn', 'data'],
    logs: ['tensor', 'runtime'],
    artifact: ['tensor', 'graph', 'passes', 'onnx', 'runtime', 'nn', 'data'],
    train: [
      'tensor',
      'graph',
      'ops',
      'grad',
      'passes',
      'onnx',
      'runtime',
      'profile',
      'losses',
      'metrics',
      'optim',
      'nn',
      'data',
      'preprocessing',
      'logs',
      'artifact',
    ],
  },
  'packages/stratus/src': {
    files: [],
    sockets: [],
    keys: ['sockets'],
    workers: ['sockets'],
    progress: [],
    plots: [],
    processes: [],
    data: ['processes'],
    store: [],
    blobs: [],
    workspace: ['store', 'blobs'],
    tracking: ['processes', 'store', 'blobs', 'workspace'],
    jobs: ['processes', 'store', 'workspace'],
    search: [],
    sweeps: ['processes', 'store', 'blobs', 'workspace', 'tracking', 'search'],
    report: ['plots', 'progress'],
    serve: ['files'],
    shipping: ['keys'],
    grpc: ['serve', 'sockets'],
    monitor: ['serve'],
    registry: ['progress', 'store', 'blobs', 'workspace', 'serve'],
    mlflow: ['store', 'blobs', 'workspace', 'serve', 'registry'],
    api: ['store', 'blobs', 'workspace', 'keys', 'serve', 'registry', 'search', 'sweeps'],
    client: ['api'],
    cli: [
      'data',
      'files',
      'progress',
      'keys',
      'sockets',
      'plots',
      'report',
      'store',
      'blobs',
      'workspace',
      'tracking',
      'jobs',
      'search',
      'sweeps',
      'registry',
      'serve',
      'monitor',
      'shipping',
      'api',
      'mlflow',
      'client',
    ],
  },
};

const engines = /^(onnxruntime-\w+|koffi)(\/|$)/;

const place = (path: string): { source: string; room: string; rest: string } | undefined => {
  const source = Object.keys(rooms).find((s) => path.startsWith(`${s}/`));
  if (source === undefined) return undefined;
  const [first = '', ...rest] = path.slice(source.length + 1).split('/');
  if (rest.length === 0) return { source, room: '', rest: first };
  return { source, room: first === 'platform' ? 'runtime' : first, rest: rest.join('/') }; // platform: the types of #ort and #files
};

/** Why an import is not allowed, or undefined. */
export function complaint({ file, specifier }: Import): string | undefined {
  const from = place(file);
  if (from === undefined) return undefined;
  const inCore = from.source === 'packages/core/src';
  const known = rooms[from.source]!;
  if (from.room !== '' && known[from.room] === undefined)
    return `the room '${from.room}' is not in tools/boundaries.ts: add it with what it may import`;
  if (!specifier.startsWith('.')) {
    const inNode = from.room === 'runtime' && from.rest.startsWith('node/');
    if (inCore && !inNode && specifier.startsWith('node:')) return 'core runs in browsers too: only runtime/node may use Node';
    if (engines.test(specifier) && !(inCore && from.room === 'runtime'))
      return 'only the room runtime names the engine; use its interface';
    if (specifier === 'stratus' || (inCore && specifier.startsWith('@stratus/')))
      return 'a package does not import itself, and core not the platform';
    if (specifier.startsWith('@stratus/core/')) return "import from '@stratus/core', its only entry";
    return undefined;
  }
  const to = place(posix.join(posix.dirname(file), specifier));
  if (to === undefined || to.source !== from.source) return "leaves the package's src; another package is imported by its name";
  if (to.room === from.room) return undefined;
  if (to.room === '') return to.rest === 'index.ts' ? 'the public surface is for users: import the room' : undefined; // errors.ts and the like
  if (from.room === '' && /(^|\/)index\.ts$/.test(to.rest)) return undefined; // the public surface also shows rooms within rooms
  if (to.rest !== 'index.ts') return `goes past ${to.room}/index.ts, the door of the room`;
  if (from.room === '' || known[from.room]!.includes(to.room)) return undefined;
  return `'${from.room}' may import ${known[from.room]!.join(', ') || 'no room'}, but not '${to.room}'`;
}

const isSource = (path: string): boolean => place(shown(path)) !== undefined && !path.endsWith('.test.ts');

/** Every import in the sources of a project. */
export function importsOf({ program }: Project, wanted = isSource): Import[] {
  const files = program.getSourceFileNames().filter(wanted);
  return files.flatMap((name) => {
    const source = program.getSourceFile(name)!;
    return source.imports.map((node) => ({
      file: shown(name),
      line: source.getLineAndCharacterOfPosition(node.pos).line + 1,
      specifier: (node as unknown as { text: string }).text,
    }));
  });
}

if (process.argv[1] === import.meta.filename) {
  const configs = ['core/tsconfig.json', 'core/tsconfig.node.json', 'core/tsconfig.web.json', 'stratus/tsconfig.json'];
  const found = withProjects(
    configs.map((c) => join(root, 'packages', c)),
    (projects) => projects.flatMap((project) => importsOf(project)),
  );
  const imports = [...new Map(found.map((i) => [`${i.file}:${i.line}:${i.specifier}`, i])).values()];
  const complaints = imports.flatMap((i) => complaint(i)?.replace(/^/, `${i.file}:${i.line}: '${i.specifier}': `) ?? []);
  report(complaints, `${imports.length} imports`);
}
