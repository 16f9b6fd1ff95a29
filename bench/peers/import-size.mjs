// A fresh process: what importing a package loads. Arguments: the package, and a folder to resolve it from. JSON.
import { statSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';

const [name, folder] = process.argv.slice(2);
const require = createRequire(join(folder, 'package.json'));
const file = pathToFileURL(require.resolve(name)).href;

const { port1, port2 } = new MessageChannel();
const hook = `let port; export const initialize = (data) => { port = data.port; };
export async function load(url, context, next) { port.postMessage(url); return next(url, context); }`;
register(`data:text/javascript,${encodeURIComponent(hook)}`, { data: { port: port2 }, transferList: [port2] });
await import(file);

const files = new Set(Object.keys(require.cache));
for (let message = receiveMessageOnPort(port1); message; message = receiveMessageOnPort(port1))
  if (message.message.startsWith('file:')) files.add(fileURLToPath(message.message));
const bytes = [...files].reduce((sum, path) => sum + statSync(path).size, 0);
console.log(JSON.stringify({ modules: files.size, bytes }));
process.exit(0);
