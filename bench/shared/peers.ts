import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from './competitor.ts';

/** A library that takes part, with one command for each number of threads; or why it cannot. */
export interface Entry {
  readonly library: string;
  readonly commands: readonly Command[];
  readonly missing?: string;
}

/** Each library runs with one thread and with two; the better one counts. */
export const threadCounts: readonly number[] = availableParallelism() > 1 ? [1, 2] : [1];

const findsVersion = `
import sys
from importlib import metadata
for name in sys.argv[1:]:
    try: print(metadata.version(name)); break
    except metadata.PackageNotFoundError: pass
`;

/** The first Python that has one of these packages: $STRATUS_PEERS_PYTHON, .venv-peers, the system's. */
export function pythonWith(root: string, packages: readonly string[]): string | undefined {
  const own = join(root, '.venv-peers', process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const candidates = [process.env['STRATUS_PEERS_PYTHON'], existsSync(own) ? own : undefined, 'python3'];
  return candidates.find((python) => {
    if (!python) return false;
    try {
      return (
        execFileSync(python, ['-c', findsVersion, ...packages], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        }).trim() !== ''
      );
    } catch {
      return false; // no such program
    }
  });
}

const tensorflow = ['tensorflow-cpu', 'tensorflow'];
const install = 'node tools/peers.mjs installs it';

/** What a Python script of bench/peers takes part with: one command for each number of threads. */
function pythonEntry(
  root: string,
  { library, script, packages, rest }: { library: string; script: string; packages: readonly string[]; rest: readonly string[] },
): Entry {
  const file = pythonWith(root, packages);
  if (file === undefined)
    return { library, commands: [], missing: `no Python with ${packages[0]}; ${install}, or set STRATUS_PEERS_PYTHON` };
  return {
    library,
    commands: threadCounts.map((threads) => ({
      file,
      args: [join(root, 'bench/peers', script), String(threads), ...rest],
      env: { OMP_NUM_THREADS: String(threads), PYTHONDONTWRITEBYTECODE: '1' },
    })),
  };
}

/**
 * Stratus and its peers with one of the models of bench/shared/step-models.ts and bench/peers/*_models.py. `folder` holds the data,
 * `program` is bench/peers/stratus-model as plain JavaScript.
 */
export const modelLineup = (
  root: string,
  { folder, model, program, device }: { folder: string; model: string; program: string; device?: string | undefined },
): readonly Entry[] => {
  const rest = [folder, model];
  return [
    {
      library: 'Stratus',
      commands: threadCounts.map((threads) => ({
        file: process.execPath,
        args: [program, String(threads), ...rest, ...(device === undefined ? [] : [device])],
      })),
    },
    pythonEntry(root, { library: 'PyTorch', script: 'torch_models.py', packages: ['torch'], rest }),
    pythonEntry(root, { library: 'TensorFlow', script: 'tensorflow_models.py', packages: tensorflow, rest }),
    pythonEntry(root, { library: 'JAX', script: 'jax_models.py', packages: ['jax'], rest }),
  ];
};

/** Products of matrices of these sizes: Stratus and PyTorch. `program` is bench/peers/stratus-matmul as plain JavaScript. */
export const matmulLineup = (
  root: string,
  { program, device = '-', sizes }: { program: string; device?: string | undefined; sizes: readonly number[] },
): readonly Entry[] => [
  {
    library: 'Stratus',
    commands: threadCounts.map((threads) => ({
      file: process.execPath,
      args: [program, String(threads), device, ...sizes.map(String)],
    })),
  },
  pythonEntry(root, { library: 'PyTorch', script: 'torch_matmul.py', packages: ['torch'], rest: sizes.map(String) }),
];

/** Stratus with the mission's MLP, and every peer that there is. `folder` holds the data that all of them read. */
export function lineup(root: string, folder: string, device?: string): readonly Entry[] {
  const script = (name: string): string => join(root, 'bench/peers', name);
  const loader = pathToFileURL(join(root, 'tools/typescript-loader.mjs')).href;
  const python = (library: string, name: string, packages: readonly string[]): Entry =>
    pythonEntry(root, { library, script: name, packages, rest: [folder] });
  const packages = join(root, '.peers');
  const has = (name: string): boolean => existsSync(join(packages, 'node_modules', name));
  const javascript = (library: string, name: string, needs: string, backends: readonly string[]): Entry =>
    has(needs)
      ? {
          library,
          commands: backends.map((backend) => ({ file: process.execPath, args: [script(name), packages, folder, backend] })),
        }
      : { library, commands: [], missing: `not in .peers; ${install}` };
  return [
    {
      library: 'Stratus',
      commands: threadCounts.map((threads) => ({
        file: process.execPath,
        args: ['--import', loader, script('stratus-mlp.ts'), String(threads), folder, ...(device === undefined ? [] : [device])],
      })),
    },
    python('PyTorch', 'torch_mlp.py', ['torch']),
    python('TensorFlow', 'tensorflow_mlp.py', tensorflow),
    python('JAX', 'jax_mlp.py', ['jax']),
    javascript('TensorFlow.js', 'tfjs-mlp.mjs', '@tensorflow/tfjs-backend-wasm', ['wasm', 'cpu']),
    javascript('jax-js', 'jax-js-mlp.mjs', '@jax-js/jax', ['wasm']),
  ];
}
