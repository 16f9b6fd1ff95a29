import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { type DType, dtypes } from '@stratus/core';
import { afterEach, describe, expect, it } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import { type Answered, described, floatsOf, GrpcClient, health, inference, rawRequest, reflection } from './grpc-client.ts';
import { answer, echoModel, failure, labels, lookUpModel, smallBytes } from './serving.ts';

const open: (Deployment | GrpcClient)[] = [];
async function serve(
  model: Parameters<typeof deploy>[0],
  options: DeployOptions = {},
): Promise<readonly [GrpcClient, Deployment]> {
  const server = await deploy(model, { port: 0, grpcPort: 0, name: 'm', stopOn: [], ...options });
  const client = new GrpcClient(server.grpc!);
  open.push(server, client);
  return [client, server];
}
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await ('stop' in one ? one.stop() : one.close());
});

const codes = { invalid: 3, deadline: 4, notFound: 5, exhausted: 8, unimplemented: 12, unavailable: 14 };

describe('calls of the Open Inference Protocol', () => {
  it('says how server and models are', async () => {
    const [client] = await serve(await smallBytes());
    expect(await client.ask('ServerLive', {})).toEqual({ live: true });
    expect(await client.ask('ServerReady', {})).toEqual({ ready: true });
    expect(await client.ask('ModelReady', { name: 'm' })).toEqual({ ready: true });
    expect(await client.ask('ModelReady', { name: 'm', version: '1' })).toEqual({ ready: true });
    expect(await client.ask('ModelReady', { name: 'none' })).toEqual({ ready: false });
    expect(await client.ask('ServerMetadata', {})).toMatchObject({
      name: 'stratus',
      extensions: expect.arrayContaining(['statistics']),
    });
    expect(await client.ask('ModelMetadata', { name: 'm' })).toEqual({
      name: 'm',
      versions: ['1'],
      platform: 'stratus_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '3'] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['-1', '3'] }],
      properties: {},
    });
    expect(await client.why('ModelMetadata', { name: 'n' })).toMatchObject({ code: codes.notFound, stratus: 'model-not-found' });
    expect(await client.why('ModelMetadata', { name: 'm', version: '2' })).toMatchObject({ code: codes.notFound });
    expect(await client.ask('ModelConfig', { name: 'm' })).toMatchObject({
      config: {
        name: 'm',
        max_batch_size: 0,
        input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['-1', '3'] }],
        output: [{ name: 'y', data_type: 'TYPE_FP32', dims: ['-1', '3'] }],
        dynamic_batching: {},
      },
    });
  });

  it('answers raw contents with raw ones, typed with typed', async () => {
    const [client] = await serve(await smallBytes());
    const raw = await client.ask(
      'ModelInfer',
      rawRequest(
        [
          [1, 2, 3],
          [9, 1, 0],
        ],
        { id: '42' },
      ),
    );
    expect(raw).toMatchObject({ model_name: 'm', model_version: '1', id: '42' });
    expect(raw.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: ['2', '3'], parameters: {}, contents: null }]);
    expect(raw.raw_output_contents.map(floatsOf)).toEqual([[...answer([1, 2, 3]), ...answer([9, 1, 0])]]);
    const contents = { fp32_contents: [1, 2, 3] };
    const inputs = [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents }];
    const typed = await client.ask('ModelInfer', { model_name: 'm', model_version: '1', inputs });
    expect(typed.outputs[0].contents.fp32_contents).toEqual(answer([1, 2, 3]));
    expect(typed.raw_output_contents).toEqual([]);
    const wantsRaw = await client.ask('ModelInfer', {
      model_name: 'm',
      inputs,
      parameters: { binary_data_output: { bool_param: true } },
    });
    expect(wantsRaw.raw_output_contents.map(floatsOf)).toEqual([answer([1, 2, 3])]);
    const wantsTyped = await client.ask(
      'ModelInfer',
      rawRequest([[1, 2, 3]], { parameters: { binary_data_output: { bool_param: false } } }),
    );
    expect(wantsTyped.outputs[0].contents.fp32_contents).toEqual(answer([1, 2, 3]));
  });

  it('gives the outputs that are asked for, and classes', async () => {
    const [client] = await serve(await smallBytes());
    const outputs = [{ name: 'y', parameters: { classification: { int64_param: 2 } } }];
    const best = await client.ask('ModelInfer', rawRequest([[1, 2, 3]], { outputs }));
    const [bytes] = best.raw_output_contents as [Buffer];
    expect(best.outputs).toMatchObject([{ name: 'y', datatype: 'BYTES', shape: ['1', '2'] }]);
    expect(bytes.toString('latin1')).toBe(`\x0e\0\0\x009.000000:2:${labels[2]}\x0e\0\0\x004.000000:1:${labels[1]}`);
    expect(await client.why('ModelInfer', rawRequest([[1, 2, 3]], { outputs: [{ name: 'z' }] }))).toMatchObject({
      code: codes.invalid,
      details: expect.stringContaining('There is no output named "z". Did you mean'),
    });
  });

  it('has done what its statistics say', async () => {
    const [client] = await serve(await smallBytes());
    for (const rows of [1, 3]) await client.ask('ModelInfer', rawRequest(Array.from({ length: rows }, () => [1, 2, 3])));
    await client.why('ModelInfer', rawRequest([[1, 2, 3]], { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2] }] }));
    const { model_stats: stats } = await client.ask('ModelStatistics', {});
    expect(stats).toMatchObject([
      { name: 'm', version: '1', inference_count: '4', inference_stats: { success: { count: '2' } } },
    ]);
    expect(await client.ask('ModelStatistics', { name: 'm' })).toMatchObject({ model_stats: [{ inference_count: '4' }] });
    expect(await client.why('ModelStatistics', { name: 'n' })).toMatchObject({ code: codes.notFound });
  });

  it('tells which models there are, puts them away and loads them again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratus-grpc-'));
    writeFileSync(join(folder, 'm.onnx'), await smallBytes());
    const [client] = await serve(folder);
    const models = [{ name: 'm', version: '1', state: 'READY', reason: '' }];
    expect(await client.ask('RepositoryIndex', {})).toEqual({ models });
    await client.ask('RepositoryModelUnload', { model_name: 'm' });
    expect(await client.ask('RepositoryIndex', { ready: true })).toEqual({ models: [] });
    expect(await client.ask('RepositoryIndex', {})).toMatchObject({ models: [{ state: 'UNAVAILABLE', reason: 'unloaded' }] });
    expect(await client.ask('ModelReady', { name: 'm' })).toEqual({ ready: false });
    expect(await client.why('ModelInfer', rawRequest([[1, 2, 3]]))).toMatchObject({ code: codes.notFound });
    const config = { config: { string_param: '{}' } };
    expect(await client.why('RepositoryModelLoad', { model_name: 'm', parameters: config })).toMatchObject({
      code: codes.invalid,
      details: expect.stringContaining('"config"'),
    });
    await client.ask('RepositoryModelLoad', { model_name: 'm' });
    expect((await client.ask('ModelInfer', rawRequest([[1, 2, 3]]))).model_name).toBe('m');
    expect(await client.why('RepositoryModelLoad', { model_name: 'n' })).toMatchObject({ code: codes.notFound });
    rmSync(folder, { recursive: true });
  });

  it('answers a stream in order, errors among the answers', async () => {
    const [client] = await serve(await smallBytes());
    const stream = client.stream('ModelStreamInfer');
    const rows = Array.from({ length: 50 }, (_, i) => [i, 2, 3]);
    for (const [i, row] of rows.entries()) {
      stream.write(rawRequest([row], { id: String(i) }));
      if (i === 20) stream.write(rawRequest([row], { id: 'bad', inputs: [{ name: 'q', datatype: 'FP32', shape: [1, 3] }] }));
    }
    stream.end();
    const got: Answered[] = [];
    for await (const one of stream) got.push(one);
    expect(got.map((one) => one.infer_response.id)).toEqual(rows.flatMap((_, i) => (i === 20 ? ['20', 'bad'] : [String(i)])));
    const [bad] = got.splice(21, 1);
    expect(bad.error_message).toContain('There is no input named "q"');
    expect(got.every((one) => one.error_message === '')).toBe(true);
    expect(got.map((one) => floatsOf(one.infer_response.raw_output_contents[0]))).toEqual(rows.map(answer));
  });

  it('says what is wrong with a request', async () => {
    const [client] = await serve(await smallBytes());
    const x = { name: 'x', datatype: 'FP32', shape: [1, 3] };
    const cases: readonly (readonly [object, string])[] = [
      [rawRequest([[1, 2, 3]], { raw_input_contents: [Buffer.alloc(11)] }), 'the shape [1, 3] needs 12 bytes'],
      [rawRequest([[1, 2, 3]], { raw_input_contents: [Buffer.alloc(12), Buffer.alloc(1)] }), '1 inputs and 2 raw_input_contents'],
      [{ model_name: 'm', inputs: [x] }, 'the contents have no elements; the shape [1, 3] needs 3'],
      [{ model_name: 'm', inputs: [{ ...x, contents: { fp32_contents: [1, 2] } }] }, 'have 2 elements'],
      [{ model_name: 'm', inputs: [{ ...x, contents: { fp32_contents: [1, 2, 3, 4] } }] }, 'have more than 3 elements'],
      [{ model_name: 'm', inputs: [{ ...x, contents: { fp64_contents: [1, 2, 3] } }] }, 'fp32_contents, not in fp64_contents'],
      [{ model_name: 'm', inputs: [{ ...x, datatype: 'FP64', contents: { fp64_contents: [1, 2, 3] } }] }, 'expected FP32'],
      [{ model_name: 'm', inputs: [{ ...x, shape: [-1, 3] }] }, 'the size -1'],
      [{ model_name: 'm', inputs: [{ ...x, shape: [3] }] }, 'Put the number of samples first: [1, 3]'],
      [{ model_name: 'm', inputs: [{ ...x, shape: ['9007199254740993', 3] }] }, 'the size 9007199254740993'],
      [{ model_name: 'm', inputs: [{ ...x, shape: [2 ** 40, 3], contents: { fp32_contents: [1] } }] }, 'at most'],
      [rawRequest([[1, 2, 3]], { inputs: [x, x], raw_input_contents: [Buffer.alloc(12), Buffer.alloc(12)] }), 'given twice'],
      [rawRequest([[1, 2, 3]], { inputs: [{ ...x, contents: { fp32_contents: [1, 2, 3] } }] }), 'send it one way'],
      [{ model_name: 'm' }, "The input 'x' is missing"],
    ];
    for (const [request, reason] of cases) {
      const why = await client.why('ModelInfer', request);
      expect([why.code, why.stratus], reason).toEqual([codes.invalid, 'bad-request']);
      expect(why.details).toContain(reason);
    }
    expect(await client.why('ModelInfer', { model_name: 'n' })).toMatchObject({ code: codes.notFound });
  });

  it('blames the request, not the model, for an index out of range', async () => {
    const [client] = await serve(lookUpModel());
    const ask = (i: number) => ({
      model_name: 'm',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [1], contents: { int64_contents: [i] } }],
    });
    expect((await client.ask('ModelInfer', ask(2))).outputs[0].contents.fp32_contents).toEqual([12]);
    expect(await client.why('ModelInfer', ask(77))).toMatchObject({ code: codes.invalid });
  });
});

/** Values of each type, as the contents of protobufjs have them, and as raw bytes. */
const values: Readonly<Record<DType, readonly [kind: string | undefined, typed: readonly unknown[], raw: Uint8Array]>> = {
  float32: [
    'fp32_contents',
    [1.5, Number.NEGATIVE_INFINITY],
    new Uint8Array(new Float32Array([1.5, Number.NEGATIVE_INFINITY]).buffer),
  ],
  float64: ['fp64_contents', [0.1, -1e300], new Uint8Array(new Float64Array([0.1, -1e300]).buffer)],
  float16: [undefined, [], new Uint8Array([0, 0x3c, 0, 0xc0])], // 1, -2
  int8: ['int_contents', [-128, 127], new Uint8Array([128, 127])],
  uint8: ['uint_contents', [0, 255], new Uint8Array([0, 255])],
  int16: ['int_contents', [-32768, 32767], new Uint8Array(new Int16Array([-32768, 32767]).buffer)],
  uint16: ['uint_contents', [0, 65535], new Uint8Array(new Uint16Array([0, 65535]).buffer)],
  int32: ['int_contents', [-(2 ** 31), 2 ** 31 - 1], new Uint8Array(new Int32Array([-(2 ** 31), 2 ** 31 - 1]).buffer)],
  uint32: ['uint_contents', [1, 2 ** 32 - 1], new Uint8Array(new Uint32Array([1, 2 ** 32 - 1]).buffer)],
  int64: ['int64_contents', ['-9223372036854775808', '-7'], new Uint8Array(new BigInt64Array([-(2n ** 63n), -7n]).buffer)],
  uint64: ['uint64_contents', ['18446744073709551615', '7'], new Uint8Array(new BigUint64Array([2n ** 64n - 1n, 7n]).buffer)],
  bool: ['bool_contents', [true, false], new Uint8Array([1, 0])],
  string: ['bytes_contents', [Buffer.from('é'), Buffer.from('')], new Uint8Array([2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0])],
};

describe('types', () => {
  for (const [dtype, [kind, typed, raw]] of Object.entries(values) as [DType, (typeof values)[DType]][])
    it(`${dtype} comes back as it went, raw and typed`, async () => {
      const [client] = await serve(echoModel(dtype));
      const x = { name: 'x', datatype: dtypes[dtype].oip, shape: [1, 2] };
      const asRaw = await client.ask('ModelInfer', { model_name: 'm', inputs: [x], raw_input_contents: [raw] });
      expect([...asRaw.raw_output_contents[0]]).toEqual([...raw]);
      expect(asRaw.outputs[0].datatype).toBe(dtypes[dtype].oip);
      const noTyped = { ...x, contents: { fp32_contents: [1, 2] } };
      if (kind === undefined) {
        expect(await client.why('ModelInfer', { model_name: 'm', inputs: [noTyped] })).toMatchObject({
          code: codes.invalid,
          details: expect.stringContaining('send raw_input_contents'),
        });
        return;
      }
      const asTyped = await client.ask('ModelInfer', { model_name: 'm', inputs: [{ ...x, contents: { [kind]: typed } }] });
      expect(asTyped.outputs[0].contents[kind]).toEqual(typed);
    });

  it('bfloat16 is widened for an input of float32', async () => {
    const [client] = await serve(echoModel('float32'));
    const inputs = [{ name: 'x', datatype: 'BF16', shape: [1, 2] }];
    const { raw_output_contents: raw } = await client.ask('ModelInfer', {
      model_name: 'm',
      inputs,
      raw_input_contents: [Buffer.from([0xc0, 0x3f, 0x49, 0xc0])], // 1.5, -3.140625
    });
    expect(floatsOf(raw[0])).toEqual([1.5, -3.140625]);
  });

  it('refuses whole numbers beyond a type, flags that are neither, texts that are none', async () => {
    const ask = async (dtype: DType, more: object) => {
      const [client] = await serve(echoModel(dtype));
      const { contents, ...rest } = more as { contents?: object };
      const inputs = [{ name: 'x', datatype: dtypes[dtype].oip, shape: [1, 2], ...(contents && { contents }) }];
      return client.why('ModelInfer', { model_name: 'm', inputs, ...rest });
    };
    const cases = [
      ['int8', { contents: { int_contents: [1, 128] } }, 'element 1 is 128; INT8 takes whole numbers from -128 to 127'],
      ['uint16', { contents: { uint_contents: [65536, 0] } }, 'element 0 is 65536'],
      ['bool', { raw_input_contents: [Buffer.from([0, 2])] }, 'byte 1 is 2'],
      ['string', { contents: { bytes_contents: [Buffer.from([0xff]), Buffer.from('a')] } }, 'not UTF-8'],
      ['string', { contents: { bytes_contents: [Buffer.from('a\0b'), Buffer.from('a')] } }, 'NUL'],
      ['string', { raw_input_contents: [Buffer.from([1, 0, 0, 0, 65, 255, 255, 255, 255])] }, 'does not end within'],
    ] as const;
    for (const [dtype, more, reason] of cases)
      expect(await ask(dtype, more), reason).toMatchObject({ code: codes.invalid, details: expect.stringContaining(reason) });
  });
});

describe('bytes', () => {
  it('are those of the protocol: a golden call over HTTP/2', async () => {
    const written = described(inference, 'ModelInfer').requestSerialize(rawRequest([[1, 2, 3]], { id: '4' }));
    expect(written.toString('hex')).toBe('0a016d1a01342a0d0a01781204465033321a0201033a0c0000803f0000004000004040');
    const want = described(inference, 'ModelInfer').responseSerialize({
      model_name: 'm',
      model_version: '1',
      id: '4',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 3] }],
      raw_output_contents: [Buffer.from(new Float32Array(answer([1, 2, 3])).buffer)],
    });
    expect(want.toString('hex')).toBe('0a016d1201311a01342a0d0a01791204465033321a020103320c0000c03f0000804000001041');
  });
});

describe('health', () => {
  it('is that of the standard', async () => {
    const [client, server] = await serve(await smallBytes());
    const check = (service: string) => client.ask('Check', { service }, { service: health });
    expect(await check('')).toEqual({ status: 'SERVING' });
    expect(await check(inference)).toEqual({ status: 'SERVING' });
    expect(await client.why('Check', { service: 'x' }, { service: health })).toMatchObject({ code: codes.notFound });
    expect(await client.ask('List', {}, { service: health })).toEqual({
      statuses: { '': { status: 'SERVING' }, [inference]: { status: 'SERVING' } },
    });
    const seen: string[] = [];
    const watching = client.watch('Watch', { service: '' });
    const begun = new Promise<void>((resolve) => watching.once('data', () => resolve()));
    watching.on('data', ({ status }) => seen.push(status));
    const ended = new Promise<number>((resolve) => {
      watching.on('error', (e) => resolve((e as unknown as { code: number }).code));
      watching.on('end', () => resolve(0));
    });
    await begun;
    await server.stop();
    await ended;
    expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
  });
});

describe('reflection', () => {
  it('describes all services as the .proto files do', async () => {
    const [client] = await serve(await smallBytes());
    const stream = client.stream('ServerReflectionInfo', reflection);
    const next = (request: object): Promise<Answered> =>
      new Promise((resolve) => {
        stream.once('data', resolve);
        stream.write(request);
      });
    const { list_services_response: listed } = await next({ list_services: '*' });
    expect(listed.service.map(({ name }: { name: string }) => name)).toEqual([
      inference,
      health,
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);
    for (const service of [inference, health]) {
      const { file_descriptor_response: found } = await next({ file_containing_symbol: service });
      const file = fromBinary(FileDescriptorProtoSchema, found.file_descriptor_proto[0]);
      const registry = createFileRegistry(file, () => undefined); // checks all names and types
      const { methods } = registry.getService(service)!;
      for (const { name, input, output, methodKind } of methods) {
        const { requestStream, responseStream } = described(service, name);
        expect([name, methodKind]).toEqual([
          name,
          requestStream ? 'bidi_streaming' : responseStream ? 'server_streaming' : 'unary',
        ]);
        expect(
          [input.typeName, output.typeName].every((type) => type.startsWith(service.slice(0, service.lastIndexOf('.')))),
        ).toBe(true);
      }
      expect((await next({ file_by_filename: file.name })).file_descriptor_response).toEqual(found);
    }
    expect((await next({ file_containing_symbol: 'no.such' })).error_response.error_code).toBe(codes.notFound);
    const ended = new Promise((resolve) => stream.once('end', resolve));
    stream.end();
    await ended;
  });
});

describe('deploy', () => {
  it('says what is wrong with the port of gRPC, and leaves nothing open', async () => {
    const [, { grpcPort }] = await serve(await smallBytes());
    const used = await failure(deploy(await smallBytes(), { port: 0, grpcPort: grpcPort! }));
    expect([used.code, used.details]).toEqual(['port-in-use', { host: '127.0.0.1', port: grpcPort, option: '--grpc-port' }]);
  });
});
