// A fresh process: how long importing a package takes. Arguments: the package, and a folder to resolve it from. JSON.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [name, folder] = process.argv.slice(2);
console.info = console.log = console.warn = () => undefined; // libraries greet
const file = pathToFileURL(createRequire(join(folder, 'package.json')).resolve(name)).href;
const start = performance.now();
await import(file);
process.stdout.write(`${JSON.stringify({ ms: performance.now() - start })}\n`);
process.exit(0);
