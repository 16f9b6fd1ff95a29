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
 * Stratus and PyTorch with one of the models of bench/shared/step-models.ts and bench/peers/torch_models.py. `folder` holds the data,
 * `program` is bench/peers/stratus-model as plain JavaScript.
 */
export const modelLineup = (
  root: string,
  { folder, model, program }: { folder: string; model: string; program: string },
): readonly Entry[] => [
  {
    library: 'Stratus',
    commands: threadCounts.map((threads) => ({ file: process.execPath, args: [program, String(threads), folder, model] })),
  },
  pythonEntry(root, { library: 'PyTorch', script: 'torch_models.py', packages: ['torch'], rest: [folder, model] }),
];

/** Stratus with the mission's MLP, and every peer that there is. `folder` holds the data that all of them read. */
export function lineup(root: string, folder: string): readonly Entry[] {
  const script = (name: string): string => join(root, 'bench/peers', name);
  const loader = pathToFileURL(join(root, 'tools/typescript-loader.mjs')).href;
  const python = (library: string, name: string, packages: readonly string[]): Entry =>
    pythonEntry(root, { library, script: name, packages, rest: [folder] });
  const packages = join(root, '.peers');
  const tfjs = existsSync(join(packages, 'node_modules/@tensorflow/tfjs-backend-wasm'));
  return [
    {
      library: 'Stratus',
      commands: threadCounts.map((threads) => ({
        file: process.execPath,
        args: ['--import', loader, script('stratus-mlp.ts'), String(threads), folder],
      })),
    },
    python('PyTorch', 'torch_mlp.py', ['torch']),
    python('TensorFlow', 'tensorflow_mlp.py', ['tensorflow-cpu', 'tensorflow']),
    tfjs
      ? { library: 'TensorFlow.js', commands: [{ file: process.execPath, args: [script('tfjs-mlp.mjs'), packages, folder] }] }
      : { library: 'TensorFlow.js', commands: [], missing: `not in .peers; ${install}` },
  ];
}
