// One client of its own process that asks again and again, and says how long each answer took. It speaks HTTP on a bare socket, so that
// what it measures is the server and not a client's library.
import { once } from 'node:events';
import { connect } from 'node:net';

const [port, path, inputBytes, warmUp, count, type] = process.argv.slice(2);
const numbers = new Float32Array(Number(inputBytes) / 4).map((_, i) => ((i * 37) % 97) / 97);
const about = { name: 'x', shape: [1, numbers.length], datatype: 'FP32' };
const isBinary = type === 'binary';
const json = JSON.stringify(
  isBinary
    ? { inputs: [{ ...about, parameters: { binary_data_size: numbers.byteLength } }], parameters: { binary_data_output: true } }
    : { inputs: [{ ...about, data: [...numbers] }] },
);
const body = Buffer.concat([Buffer.from(json), isBinary ? Buffer.from(numbers.buffer) : Buffer.alloc(0)]);
const head = [
  `POST ${path} HTTP/1.1`,
  `Host: 127.0.0.1:${port}`,
  `Content-Length: ${body.length}`,
  ...(isBinary ? ['Content-Type: application/octet-stream', `Inference-Header-Content-Length: ${json.length}`] : []),
].join('\r\n');
const request = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);

const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
await once(socket, 'connect');
let received = Buffer.alloc(0);
let done;
socket.on('data', (part) => {
  received = received.length === 0 ? part : Buffer.concat([received, part]);
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return;
  const text = received.toString('latin1', 0, end);
  const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
  if (received.length < end + 4 + length) return;
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(received.toString());
  received = Buffer.alloc(0);
  done();
});

const times = [];
for (let i = 0; i < Number(warmUp) + Number(count); i++) {
  const start = performance.now();
  const answered = new Promise((resolve) => {
    done = resolve;
  });
  socket.write(request);
  await answered;
  if (i >= Number(warmUp)) times.push(performance.now() - start);
}
socket.destroy();
process.stdout.write(JSON.stringify({ times }));
