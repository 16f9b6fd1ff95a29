// Deadlines, cancelling, stopping, certificates: what happens to calls that are on their way.
import { readFileSync } from 'node:fs';
import { credentials } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { serveGrpc } from '../src/grpc/index.ts';
import { DataPlane, openServable, type Servable } from '../src/serve/index.ts';
import { authority, hasOpenssl } from './certificate-files.ts';
import { described, floatsOf, GrpcClient, inference, rawRequest } from './grpc-client.ts';
import { answer, smallBytes } from './serving.ts';

/** A model that answers when it is told to. */
async function heldServable() {
  const real = await openServable(await smallBytes(), { name: 'm' });
  const runs: { readonly signal: AbortSignal | undefined; go: () => void }[] = [];
  let told: (() => void) | undefined;
  const servable: Servable = {
    ...real,
    batched: false,
    infer: (tensors, options) =>
      new Promise((resolve, reject) => {
        const { signal } = options ?? {};
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
        runs.push({ signal, go: () => resolve(real.infer(tensors)) });
        told?.();
      }),
  };
  const begun = async (count: number) => {
    while (runs.length < count) await new Promise<void>((resolve) => void (told = resolve));
  };
  return { servable, runs, begun };
}

async function held() {
  const { servable, runs, begun } = await heldServable();
  const plane = new DataPlane([servable]);
  const reported: unknown[] = [];
  const server = await serveGrpc(plane, { host: '127.0.0.1', port: 0, report: (e) => reported.push(e) });
  return { plane, server, runs, begun, reported, client: new GrpcClient(server.address) };
}

it("a client's deadline ends its run, and so does going away", async () => {
  const { plane, server, runs, begun, client, reported } = await held();
  const late = client.why('ModelInfer', rawRequest([[1, 2, 3]]), { deadline: Date.now() + 400 });
  await begun(1);
  expect((await late).code).toBe(4);
  const { path, requestSerialize, responseDeserialize } = described(inference, 'ModelInfer');
  const gone = new Promise<number>((resolve) => {
    const call = client.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, rawRequest([[1, 2, 3]]), (e) =>
      resolve(e?.code ?? 0),
    );
    void begun(2).then(() => call.cancel());
  });
  expect(await gone).toBe(1);
  await expect.poll(() => runs.map(({ signal }) => signal?.aborted), { timeout: 10_000 }).toEqual([true, true]);
  expect(reported).toEqual([]);
  client.close();
  await server.stop();
  await plane.release();
});

it('stops when calls on their way are answered', async () => {
  const { plane, server, runs, begun, client } = await held();
  const asked = client.ask('ModelInfer', rawRequest([[1, 2, 3]]));
  const stream = client.stream('ModelStreamInfer');
  const ended = new Promise<number>((resolve) => stream.on('error', (e) => resolve((e as unknown as { code: number }).code)));
  const answers: number[][] = [];
  stream.on('data', (one) => answers.push(floatsOf(one.infer_response.raw_output_contents[0])));
  stream.write(rawRequest([[4, 5, 6]]));
  await begun(1);
  const stopped = server.stop();
  runs[0]!.go();
  expect(floatsOf((await asked).raw_output_contents[0])).toEqual(answer([1, 2, 3]));
  await begun(2);
  runs[1]!.go();
  expect(await ended).toBe(14); // the stream could have gone on: its client asks another server
  expect(answers).toEqual([answer([4, 5, 6])]);
  await stopped;
  await server.stop();
  const refused = new GrpcClient(server.address);
  expect((await refused.why('ServerLive', {})).code).toBe(14);
  for (const one of [client, refused]) one.close();
  await plane.release();
});

it('does not wait longer than it was told', async () => {
  const { servable, begun } = await heldServable();
  const plane = new DataPlane([servable]);
  const server = await serveGrpc(plane, { host: '127.0.0.1', port: 0, report: () => {}, drainMs: 50 });
  const client = new GrpcClient(server.address);
  const asked = client.why('ModelInfer', rawRequest([[1, 2, 3]]));
  await begun(1);
  await server.stop();
  expect([1, 14]).toContain((await asked).code);
  client.close();
  await plane.release();
});

it('asks who asks, but not who looks after its health', async () => {
  const servable = await openServable(await smallBytes(), { name: 'm' });
  const plane = new DataPlane([servable]);
  const { fail } = await import('@stratus/core');
  const server = await serveGrpc(plane, {
    host: '127.0.0.1',
    port: 0,
    report: () => {},
    async authorize(headers, access) {
      if (headers.get('authorization') === 'Bearer good') return { client: 'ann' };
      throw access === 'asks'
        ? fail('not-authorized', { reason: 'This server asks for a token.', fix: 'Send one.' })
        : fail('forbidden', { reason: 'No.', fix: 'Ask.' });
    },
  });
  const client = new GrpcClient(server.address);
  expect(await client.ask('ServerReady', {})).toEqual({ ready: true });
  expect(await client.why('ModelInfer', rawRequest([[1, 2, 3]]))).toMatchObject({ code: 16, stratus: 'not-authorized' });
  expect(await client.why('RepositoryModelUnload', { model_name: 'm' })).toMatchObject({ code: 7 });
  const metadata = { authorization: 'Bearer good' };
  expect((await client.ask('ModelInfer', rawRequest([[1, 2, 3]]), { metadata })).model_name).toBe('m');
  client.close();
  await server.stop();
  await plane.release();
});

it.skipIf(!hasOpenssl)('speaks TLS with the certificate of HTTP, and turns away who has none of its own', async () => {
  const ours = authority();
  const [own, theirs] = [ours.issue('server'), ours.issue('client')];
  const server = await deploy(await smallBytes(), { port: 0, grpcPort: 0, name: 'm', stopOn: [], tls: { ...own, ca: ours.ca } });
  const port = `localhost:${server.grpcPort}`;
  const known = credentials.createSsl(readFileSync(ours.ca), readFileSync(theirs.key), readFileSync(theirs.cert));
  const client = new GrpcClient(port, {}, known);
  const { raw_output_contents: raw } = await client.ask('ModelInfer', rawRequest([[1, 2, 3]]));
  expect(floatsOf(raw[0])).toEqual(answer([1, 2, 3]));
  const strangers = [new GrpcClient(port), new GrpcClient(port, {}, credentials.createSsl(readFileSync(ours.ca)))];
  for (const stranger of strangers)
    expect((await stranger.why('ServerLive', {}, { deadline: Date.now() + 10_000 })).code).toBe(14);
  for (const one of [client, ...strangers]) one.close();
  await server.stop();
  ours.remove();
});

it('answers no call larger than it may be, and large ones within the limit', async () => {
  const server = await deploy(await smallBytes(), { port: 0, grpcPort: 0, name: 'm', stopOn: [] });
  const client = new GrpcClient(server.grpc!, { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
  const rows = 1_000_000;
  const x = new Float32Array(rows * 3).fill(2);
  const request = (count: number) => ({
    model_name: 'm',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [count, 3] }],
    raw_input_contents: [Buffer.from(x.buffer, 0, count * 12)],
  });
  const { raw_output_contents: raw } = await client.ask('ModelInfer', request(rows));
  expect(raw[0].length).toBe(rows * 12);
  expect(floatsOf(raw[0].subarray(-12))).toEqual(answer([2, 2, 2]));
  const large = Buffer.alloc(17 * 2 ** 20);
  expect(await client.why('ModelInfer', { model_name: 'm', raw_input_contents: [large] })).toMatchObject({ code: 8 });
  client.close();
  await server.stop();
});
