// What ONNX Runtime would tell its makers: nothing, and nothing of that lies in the user's home. Real processes with what was built, since it is decided when the library is loaded.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'stratus-telemetry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (path: string): string => new URL(path, import.meta.url).href;
const train = `
  const { createExecutor, dense, input, sequential, tensor } = await import(${JSON.stringify(at('../dist/node.js'))});
  const executor = await createExecutor({ driver: process.env.TRIED });
  const model = sequential([input({ shape: [2] }), dense({ units: 1 })], { executor });
  if ((await model.predict(tensor([[1, 2]]))).shape.join() !== '1,1') throw new Error('it does not predict');
  await executor.release();
`;
const inThread = `
  import { Worker } from 'node:worker_threads';
  const thread = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(train)})));
  await new Promise((resolve, reject) => thread.on('error', reject).on('exit', (code) => (code ? reject(new Error('it ended with ' + code)) : resolve())));
`;

/** What lies in a home of its own after a program has predicted. */
function left(program: string, name: string, more: Readonly<Record<string, string>>): string[] {
  const home = join(folder, name);
  // In continuous integration, and in a test, ONNX Runtime is silent by itself.
  const kept = Object.entries(process.env).filter(([key]) => /^(PATH|SystemRoot|LD_LIBRARY_PATH)$/.test(key));
  const env = { ...Object.fromEntries(kept), HOME: home, ...more };
  execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env,
    stdio: 'pipe',
    timeout: 60_000,
  });
  return existsSync(home) ? readdirSync(home, { recursive: true }).map(String) : [];
}

describe.skipIf(process.platform === 'win32')('the engine tells nobody', () => {
  it.each([
    ['capi', 'the main thread', train],
    ['binding', 'the main thread', train],
    ['capi', 'a thread', inThread],
  ])('%s, in %s', (driver, where, program) => {
    expect(left(program, `${driver} ${where}`, { TRIED: driver })).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('unless somebody asks for that: it would be seen here', () => {
    expect(left(train, 'asked', { TRIED: 'capi', ORT_DISABLE_TELEMETRY: '0' }).join()).toContain('onnxruntime');
  });
});
