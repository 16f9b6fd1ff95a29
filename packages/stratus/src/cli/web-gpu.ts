import { execFile } from 'node:child_process';

/** Answers on standard output: what happened, as JSON. In a process of its own, because a broken driver takes it down. */
const program = `
const [runtime, model] = process.argv.slice(1);
const { InferenceSession, Tensor, listSupportedBackends } = require(runtime);
const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n', () => process.exit());
(async () => {
  if (!listSupportedBackends().some(({ name }) => name === 'webgpu'))
    return say({ works: false, reason: 'this build of ONNX Runtime has no WebGPU for ' + process.platform + '-' + process.arch });
  const session = await InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: ['webgpu'], logSeverityLevel: 4 });
  const { y } = await session.run({ x: new Tensor('float32', [1, 2, 3, 4], [2, 2]) });
  say({ works: y.data[0] === 7, reason: y.data[0] === 7 ? '' : 'it calculates wrongly' });
})().catch((e) => say({ works: false, reason: String(e.message ?? e) }));
`;

/** What a try to use the GPU came to. */
export interface WebGpu {
  readonly works: boolean;
  readonly reason: string;
}

/** Its own file names and numbers say nothing to the reader. */
const plain = (reason: string): string =>
  reason
    .replaceAll(/\/\S+\.(?:cc|h):\d+ [^()]*\([^)]*\)(?: const)?(?: \[with [^\]]*\])? ?/g, '')
    .replace(/^.* was false\. /s, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Runs a model that gives `y = x x` on the GPU; `runtime` is where onnxruntime-node is. */
export function tryWebGpu(runtime: string, model: Uint8Array, timeoutMs = 10_000): Promise<WebGpu> {
  return new Promise((resolve) => {
    const args = ['-e', program, runtime, Buffer.from(model).toString('base64')];
    execFile(process.execPath, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const answer = stdout.trim().split('\n').at(-1);
      if (answer?.startsWith('{')) {
        const { works, reason } = JSON.parse(answer) as WebGpu;
        return resolve({ works, reason: plain(reason) });
      }
      const lines = stderr.trim().split('\n');
      const last = lines.find((line) => /^\w*Error:/.test(line)) ?? lines.at(-1);
      const killed = error?.killed
        ? `it did not answer within ${timeoutMs / 1000} s`
        : `it crashed (${error?.signal ?? error?.code ?? 'no answer'})`;
      resolve({ works: false, reason: last ? `${killed}: ${plain(last)}` : killed });
    });
  });
}
