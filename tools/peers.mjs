// Installs the libraries that Stratus is measured against: PyTorch, TensorFlow, JAX and tiktoken into .venv-peers, TensorFlow.js,
// jax-js and gpt-tokenizer into .peers.
// `node tools/peers.mjs [python] [tfjs]`. Some gigabytes where PyTorch comes with its GPU parts. Both folders can be deleted at any time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, Refusal, root, run } from './ready.mjs';

const tfjs = ['@tensorflow/tfjs@4.22.0', '@tensorflow/tfjs-backend-wasm@4.22.0', '@jax-js/jax@0.1.25', 'gpt-tokenizer@4.0.0'];
/** Tried in this order: the build for CPUs alone is not to be had everywhere. */
const torch = ['torch==2.13.0+cpu', 'torch==2.13.0'];

/** A folder that git does not see. */
function folder(name) {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, '.gitignore'), '*\n');
  return path;
}

async function installPython() {
  const path = folder('.venv-peers');
  const made = await run('python3', ['-m', 'venv', path]);
  if (made.code !== 0)
    throw new Refusal('python3 -m venv failed; its message is above. On Debian: sudo apt-get install python3-venv');
  const python = join(path, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const pip = async (...wanted) =>
    (await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...wanted])).code === 0;
  // One after the other: a library that cannot be had does not keep the other away.
  const got = [];
  for (const one of torch) {
    if (!(await pip(one, 'numpy'))) continue;
    got.push(one);
    break;
  }
  if (await pip('tensorflow-cpu==2.21.*', 'numpy')) got.push('tensorflow-cpu');
  if (await pip('jax[cpu]==0.10.*', 'optax==0.2.*')) got.push('jax');
  if (await pip('tiktoken==0.14.*')) got.push('tiktoken');
  if (got.length < 4)
    throw new Refusal(`Only this could be installed: ${got.join(', ') || 'nothing'}. The messages of pip are above.`);
}

async function installTfjs() {
  const { code } = await run('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefix',
    folder('.peers'),
    ...tfjs,
  ]);
  if (code !== 0) throw new Refusal(`npm install failed (exit code ${code}); its messages are above.`);
}

const installs = { tfjs: installTfjs, python: installPython };

await main(async () => {
  const asked = process.argv.slice(2);
  const strange = asked.find((name) => !Object.hasOwn(installs, name));
  if (strange !== undefined) throw new Refusal(`Usage: node tools/peers.mjs [${Object.keys(installs).join('] [')}]`);
  for (const [name, install] of Object.entries(installs)) if (asked.length === 0 || asked.includes(name)) await install();
});
