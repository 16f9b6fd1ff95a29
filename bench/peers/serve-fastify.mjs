// A bare handler: Fastify takes the bytes of the inputs, one behind the other, onnxruntime-node runs the model, and the bytes of the first
// output are the answer. Arguments: the folder of the packages, the model, `PORT`, threads of a run, processes that share the port.
import cluster from 'node:cluster';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [packages, model, port, threads, processes = '1'] = process.argv.slice(2);

async function serve() {
  const require = createRequire(join(packages, 'package.json'));
  const ort = require('onnxruntime-node');
  const fastify = require('fastify');

  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads), graphOptimizationLevel: 'all' });
  const inputs = session.inputMetadata.map(({ name, type, shape }) => {
    const own = shape.slice(1);
    const length = own.reduce((n, d) => n * d, 1);
    return { name, type, own, length, Numbers: type === 'int32' ? Int32Array : Float32Array };
  });
  const each = inputs.reduce((n, { length }) => n + 4 * length, 0);
  const output = session.outputNames[0];

  const app = fastify({ bodyLimit: 2 ** 24 });
  app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.get('/ready', async () => 'yes');
  app.post('/infer', async (request, reply) => {
    const { body } = request;
    const rows = body.length / each;
    const feeds = {};
    let at = body.byteOffset;
    const whole = at % 4 === 0 ? body.buffer : body.buffer.slice(at, at + body.length);
    if (whole !== body.buffer) at = 0;
    for (const { name, type, own, length, Numbers } of inputs) {
      feeds[name] = new ort.Tensor(type, new Numbers(whole, at, rows * length), [rows, ...own]);
      at += 4 * rows * length;
    }
    const { data } = (await session.run(feeds))[output];
    reply.header('content-type', 'application/octet-stream');
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  });
  await app.listen({ port: Number(port), host: '127.0.0.1' });
}

if (cluster.isPrimary && Number(processes) > 1) for (let i = 0; i < Number(processes); i++) cluster.fork();
else await serve();
