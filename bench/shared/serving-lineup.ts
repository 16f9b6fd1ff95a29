// The servers that are compared, each with the ways of running it that may be its fastest.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Form, ServedModel } from './served-models.ts';
import type { ServerCommand } from './server-process.ts';

/** One way of running a server. */
export interface Way extends ServerCommand {
  readonly variant: string;
  /** Processes that share the port. */
  readonly processes: number;
  readonly form: Form;
  readonly path: string;
}

/** A server, or why it cannot take part. */
export interface ServingEntry {
  readonly library: string;
  readonly kind: 'own' | 'python' | 'bare';
  readonly ways: readonly Way[];
  readonly missing?: string;
}

const install = (group: string): string => `node tools/peers.mjs ${group} installs it`;

/** Ours, as users start it: the built package's command. */
export const ownServer = (root: string, { file, name }: ServedModel, more: readonly string[] = []): Way => ({
  variant: ['stratus deploy', ...more].join(' '),
  processes: 1,
  file: process.execPath,
  args: (port) => [join(root, 'packages/stratus/dist/cli/main.js'), 'deploy', file, '--port', String(port), '--json', ...more],
  readyPath: '/v2/health/ready',
  form: 'binary',
  path: `/v2/models/${name}/infer`,
});

/** The Python servers, each with one process for the model and all processors for a run, and with as many processes as processors. */
const counts = [1, 2] as const;
const named = (processes: number, what: string): string => (processes === 1 ? '' : `, ${processes} ${what}`);

/** Everybody. The Python servers are those of .venv-servers. */
export function servingLineup(root: string, model: ServedModel): readonly ServingEntry[] {
  const peers = join(root, 'bench/peers');
  const packages = join(root, '.peers');
  const python = join(root, '.venv-servers/bin/python');
  const bareWays = [
    { own: '1', processes: 1 },
    { own: '2', processes: 1 },
    { own: '1', processes: 2 },
  ];
  const has = (module: string): boolean => {
    if (!existsSync(python)) return false;
    try {
      execFileSync(python, ['-c', `import importlib.util as u; assert u.find_spec('${module}')`], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  const pythonEntry = (library: string, module: string, ways: () => readonly Way[]): ServingEntry =>
    has(module)
      ? { library, kind: 'python', ways: ways() }
      : { library, kind: 'python', ways: [], missing: `not in .venv-servers; ${install('servers')}` };
  const environment = (processes: number, batches: boolean) => ({
    PYTHONPATH: peers,
    PYTHONDONTWRITEBYTECODE: '1',
    BENCH_MODEL: model.file,
    BENCH_PROCESSES: String(processes),
    BENCH_THREADS: processes === 1 ? '2' : '1',
    BENCH_BATCHES: batches ? '1' : '0',
  });
  const hasBare = ['fastify', 'onnxruntime-node'].every((name) => existsSync(join(packages, 'node_modules', name)));
  return [
    {
      library: 'Stratus',
      kind: 'own',
      ways: [ownServer(root, model), { ...ownServer(root, model, ['--workers', '2']), processes: 2 }],
    },
    {
      library: 'Fastify with onnxruntime-node',
      kind: 'bare',
      ...(hasBare
        ? {
            ways: bareWays.map(({ own, processes }) => ({
              variant: `${own} ${own === '1' ? 'thread' : 'threads'} a run${processes === 1 ? '' : `, node:cluster with ${processes} processes`}`,
              processes,
              file: process.execPath,
              args: (port: number) => [
                join(peers, 'serve-fastify.mjs'),
                packages,
                model.file,
                String(port),
                own,
                String(processes),
              ],
              readyPath: '/ready',
              form: 'bytes' as const,
              path: '/infer',
            })),
          }
        : { ways: [], missing: `not in .peers; ${install('npm')}` }),
    },
    pythonEntry('MLServer', 'mlserver', () =>
      [
        // A handler of one's own answers nothing where the model is in another process.
        { variant: 'a handler of its own for bytes', form: 'bytes' as const, path: '/infer', batches: false, may: [1] },
        {
          variant: 'its protocol as JSON, merged',
          form: 'json' as const,
          path: '/v2/models/bench/infer',
          batches: true,
          may: counts,
        },
      ].flatMap(({ batches, variant, may, ...way }) =>
        may.map((processes) => ({
          ...way,
          variant: `${variant}${named(processes, 'parallel workers')}`,
          processes,
          file: python,
          args: (port: number) => [join(peers, 'serve_mlserver.py'), String(port)],
          env: environment(processes, batches),
          readyPath: '/v2/health/ready',
        })),
      ),
    ),
    pythonEntry('BentoML', 'bentoml', () =>
      counts.map((processes) => ({
        variant: `one by one${named(processes, 'workers')}`,
        processes,
        file: python,
        args: (port: number) => ['-m', 'bentoml', 'serve', 'serve_bentoml:Served', '--host', '127.0.0.1', '--port', String(port)],
        cwd: peers,
        env: { ...environment(processes, false), BENTOML_DO_NOT_TRACK: 'true' },
        readyPath: '/readyz',
        form: 'bytes' as const,
        path: '/infer',
      })),
    ),
    pythonEntry('Ray Serve', 'ray.serve', () =>
      counts.map((processes) => ({
        variant: `merged${named(processes, 'replicas')}`,
        processes,
        file: python,
        args: (port: number) => [join(peers, 'serve_ray.py'), String(port)],
        env: { ...environment(processes, true), RAY_USAGE_STATS_ENABLED: '0' },
        readyPath: '/-/healthz',
        form: 'bytes' as const,
        path: '/infer',
      })),
    ),
  ];
}
