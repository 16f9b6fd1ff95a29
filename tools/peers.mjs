// Installs the libraries that Stratus is measured against: PyTorch, TensorFlow, JAX and tiktoken into .venv-peers, TensorFlow.js,
// jax-js, gpt-tokenizer, Fastify and onnxruntime-node into .peers; MLServer, BentoML and Ray Serve into .venv-servers, only where they are asked for.
// `node tools/peers.mjs [python] [npm] [servers]`. Some gigabytes where PyTorch comes with its GPU parts. The folders can be deleted at any time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main, Refusal, root, run } from './ready.mjs';

const npmPackages = [
  '@tensorflow/tfjs@4.22.0',
  '@tensorflow/tfjs-backend-wasm@4.22.0',
  '@jax-js/jax@0.1.25',
  'gpt-tokenizer@4.0.0',
  'fastify@5.12.8',
  'onnxruntime-node@1.30.0',
];
/** Tried in this order: the build for CPUs alone is not to be had everywhere. */
const torch = ['torch==2.13.0+cpu', 'torch==2.13.0'];

/** A folder that git does not see. */
function folder(name) {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, '.gitignore'), '*\n');
  return path;
}

/** Makes an environment of Python in a folder; gives what installs packages into it, and says whether it could. */
async function environment(name) {
  const path = folder(name);
  const made = await run('python3', ['-m', 'venv', path]);
  if (made.code !== 0)
    throw new Refusal('python3 -m venv failed; its message is above. On Debian: sudo apt-get install python3-venv');
  const python = join(path, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  return async (...wanted) => (await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...wanted])).code === 0;
}

async function installPython() {
  const pip = await environment('.venv-peers');
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

/** The later ones decide on what they share: the versions that were measured work together, whatever pip says of that. */
async function installServers() {
  const pip = await environment('.venv-servers');
  // MLServer's parallel workers ask for the loop of a process that has none yet, which uvloop gives no more from 0.22 on.
  const wanted = ['mlserver==1.7.1', 'bentoml==1.4.39', 'ray[serve]==2.60.0', 'onnxruntime==1.32.0', 'uvloop==0.21.0'];
  const got = [];
  for (const one of wanted) if (await pip(one, 'numpy')) got.push(one);
  if (got.length < wanted.length)
    throw new Refusal(`Only this could be installed: ${got.join(', ') || 'nothing'}. The messages of pip are above.`);
}

async function installNpm() {
  const { code } = await run('npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--prefix',
    folder('.peers'),
    ...npmPackages,
  ]);
  if (code !== 0) throw new Refusal(`npm install failed (exit code ${code}); its messages are above.`);
}

const installs = { npm: installNpm, python: installPython, servers: installServers };
/** Without a name these are installed. */
const usual = ['npm', 'python'];

await main(async () => {
  const asked = process.argv.slice(2);
  const strange = asked.find((name) => !Object.hasOwn(installs, name));
  if (strange !== undefined) throw new Refusal(`Usage: node tools/peers.mjs [${Object.keys(installs).join('] [')}]`);
  for (const [name, install] of Object.entries(installs))
    if ((asked.length === 0 ? usual : asked).includes(name)) await install();
});
