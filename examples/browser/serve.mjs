// Bundles the page and serves it on this machine: node examples/browser/serve.mjs [port]
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
if (!existsSync(here('../../packages/core/dist/index.js'))) {
  console.error('Stratus is not built yet. Run: npm run build');
  process.exit(1);
}

const { outputFiles } = await build({
  entryPoints: [here('main.ts')],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const bundle = outputFiles[0].contents;

const folders = {
  '/mnist/': here('../data/mnist/'),
  '/ort/': fileURLToPath(new URL('./', import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))),
};
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const path = pathname === '/' ? '/index.html' : pathname;
  const folder = Object.keys(folders).find((prefix) => path.startsWith(prefix));
  const file = path === '/index.html' ? here('index.html') : folder && folders[folder] + path.slice(folder.length);
  const found = path === '/main.js' || (file && /^\/[\w/.-]+$/.test(path) && existsSync(file));
  response.writeHead(found ? 200 : 404, {
    'content-type': types[extname(path)] ?? 'application/octet-stream',
    // Only a page that is isolated from other sites may use several threads.
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-embedder-policy': 'require-corp',
  });
  if (!found) response.end();
  else if (path === '/main.js') response.end(bundle);
  else
    createReadStream(file)
      .on('error', () => response.destroy())
      .pipe(response);
});
server.on('error', (e) => {
  console.error(
    e.code === 'EADDRINUSE'
      ? `Port ${process.argv[2] ?? 8080} is in use. Name another: node examples/browser/serve.mjs 8090`
      : e.message,
  );
  process.exit(1);
});
server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => {
  console.log(
    `Open http://127.0.0.1:${server.address().port} (the script has ${Math.round(bundle.length / 1024)} KB, ONNX Runtime 14 MB). Ctrl-C ends.`,
  );
});
