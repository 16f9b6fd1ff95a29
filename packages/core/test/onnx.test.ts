import { existsSync, readFileSync } from 'node:fs';
import { type DescField, type DescMessage, fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import * as oracle from 'onnx-buf';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { grad } from '../src/grad/index.ts';
import { apply, checkGraph, constant, type Graph, graphInput, inScope, printGraph, type Value } from '../src/graph/index.ts';
import { decodeMessage } from '../src/onnx/decode.ts';
import { encodeMessage } from '../src/onnx/encode.ts';
import {
  decodeModel,
  encodeModel,
  exportGraph,
  externalDataOf,
  graphToModel,
  importGraph,
  type ModelProto,
  protoOfTensor,
  readModelInfo,
  type TensorProto,
  tensorOfProto,
} from '../src/onnx/index.ts';
import type { Schema } from '../src/onnx/schema.ts';
import * as schemas from '../src/onnx/schemas.ts';
import * as ops from '../src/ops/index.ts';
import {
  add,
  type CaseInput,
  concat,
  dimsOf,
  matMul,
  mul,
  type OpCase,
  reduceSum,
  reshape,
  sigmoid,
  split,
  sub,
} from '../src/ops/index.ts';
import { full, type Tensor, tensor, zeros } from '../src/tensor/index.ts';

/** The code of the error that `run` throws. */
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (e) {
    if (StratusError.is(e)) return e.code;
    throw e;
  }
};

/** A small network with its gradient: scopes, constants, run-time sizes, several outputs. */
function network(): Graph {
  const x = graphInput('x', ['batch', 2]);
  const [w1, b1, w2] = [graphInput('w1', [2, 3]), graphInput('b1', [3]), graphInput('w2', [3, 1])];
  const hidden = inScope('dense_1', () => sigmoid(add(matMul(x, w1), b1)));
  const y = inScope('dense_2', () => matMul(hidden, w2));
  const loss = inScope('loss', () => reduceSum(mul(sub(y, 0.5), sub(y, 0.5))));
  const [dw1, db1, dw2] = grad(loss, [w1, b1, w2]);
  return { name: 'network', inputs: [x, w1, b1, w2], outputs: { loss, dw1: dw1!, db1: db1!, dw2: dw2! } };
}

const feedsOf = (): Record<string, ort.Tensor> => ({
  x: new ort.Tensor(
    'float32',
    Float32Array.from({ length: 8 }, (_, i) => Math.sin(i)),
    [4, 2],
  ),
  w1: new ort.Tensor(
    'float32',
    Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)),
    [2, 3],
  ),
  b1: new ort.Tensor('float32', Float32Array.of(0.1, -0.2, 0.3), [3]),
  w2: new ort.Tensor('float32', Float32Array.of(1, -1, 0.5), [3, 1]),
});

async function run(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<Record<string, unknown>> {
  const session = await ort.InferenceSession.create(bytes, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const results = await session.run(feeds);
  return Object.fromEntries(Object.entries(results).map(([name, { data, dims }]) => [name, { data, dims }]));
}

const data = process.env['STRATUS_DATA'] ? `${process.env['STRATUS_DATA']}/onnx` : undefined;
const there = data !== undefined && existsSync(data);
const realFiles = ['mnist-cntk.onnx', 'mobilenet_v3_qdq/model.onnx'];
const readReal = (file: string): Uint8Array => new Uint8Array(readFileSync(`${data}/${file}`));

describe('messages', () => {
  const pairs: Record<string, DescMessage> = {
    model: oracle.ModelProtoSchema,
    operatorSetId: oracle.OperatorSetIdProtoSchema,
    stringStringEntry: oracle.StringStringEntryProtoSchema,
    graph: oracle.GraphProtoSchema,
    node: oracle.NodeProtoSchema,
    attribute: oracle.AttributeProtoSchema,
    tensor: oracle.TensorProtoSchema,
    segment: oracle.TensorProto_SegmentSchema,
    sparseTensor: oracle.SparseTensorProtoSchema,
    valueInfo: oracle.ValueInfoProtoSchema,
    type: oracle.TypeProtoSchema,
    tensorType: oracle.TypeProto_TensorSchema,
    sequenceType: oracle.TypeProto_SequenceSchema,
    mapType: oracle.TypeProto_MapSchema,
    tensorShape: oracle.TensorShapeProtoSchema,
    dimension: oracle.TensorShapeProto_DimensionSchema,
    functions: oracle.FunctionProtoSchema,
    tensorAnnotation: oracle.TensorAnnotationSchema,
    trainingInfo: oracle.TrainingInfoProtoSchema,
  };
  /** Fields that came after IR 10; they are kept as unknown ones. */
  const later = new Set(['NodeProto.device_configurations', 'ModelProto.configuration']);
  const kinds: Record<number, string> = { 1: 'float64', 2: 'float', 3: 'int64', 4: 'uint64', 5: 'int32', 9: 'text', 12: 'bytes' };
  const kindOf = (field: DescField): string => {
    if (field.fieldKind === 'enum') return 'int32';
    if (field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message')) return 'message';
    const kind = kinds[(field as { scalar: number }).scalar] ?? 'no kind';
    return field.fieldKind === 'list' && field.packed ? `packed ${kind === 'float' ? 'float32' : kind}` : kind;
  };

  it('have a table each', () => expect(Object.keys(pairs).sort()).toEqual(Object.keys(schemas).sort()));

  it.each(Object.entries(pairs))('%s has the fields of onnx.proto', (name, desc) => {
    const ours = (schemas as unknown as Record<string, Schema>)[name]!.fields.map(
      ([field, { id, kind, repeated, packed }]) =>
        `${id} ${field} ${kind}${packed ? ` ${packed}` : ''}${repeated ? ' repeated' : ''}`,
    );
    const theirs = desc.fields
      .filter((field) => !later.has(`${desc.name}.${field.name}`))
      .sort((a, b) => a.number - b.number)
      .map((field) => `${field.number} ${field.localName} ${kindOf(field)}${field.fieldKind === 'list' ? ' repeated' : ''}`);
    expect(ours).toEqual(theirs);
  });
});

describe('codec', () => {
  /** One of everything, with numbers at the edges of what the format can say. */
  const text = new TextEncoder();
  const numbers: TensorProto[] = [
    { name: 'raw', dims: [2], dataType: 1, rawData: new Uint8Array([0, 0, 128, 63, 0, 0, 0, 64]), docString: 'né 😀 \ud800' },
    { name: 'floats', dims: [3], dataType: 1, floatData: Float32Array.of(1.5, -0, Infinity), segment: { begin: 0, end: 3 } },
    { name: 'ints', dims: [4], dataType: 6, int32Data: Int32Array.of(0, -1, 2 ** 31 - 1, -(2 ** 31)) },
    { name: 'longs', dims: [3], dataType: 7, int64Data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, -1n) },
    { name: 'doubles', dims: [1], dataType: 11, doubleData: Float64Array.of(Math.PI) },
    { name: 'unsigned', dims: [2], dataType: 13, uint64Data: BigUint64Array.of(2n ** 64n - 1n, 127n) },
    { name: 'texts', dims: [2], dataType: 8, stringData: [text.encode('a'), new Uint8Array(0)] },
    {
      name: 'away',
      dims: [9],
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'w.bin' },
        { key: 'offset', value: '4096' },
      ],
    },
  ];
  const all: ModelProto = {
    irVersion: 10,
    producerName: 'us',
    modelVersion: 2n ** 62n,
    docString: '\ufeffwith a byte order mark',
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    metadataProps: [{ key: 'k', value: 'v'.repeat(300) }],
    graph: {
      name: 'g',
      initializer: numbers,
      sparseInitializer: [{ values: numbers[0], indices: numbers[3], dims: [10] }],
      quantizationAnnotation: [{ tensorName: 'raw', quantParameterTensorNames: [{ key: 'SCALE_TENSOR', value: 's' }] }],
      input: [
        {
          name: 'x',
          type: {
            tensorType: { elemType: 1, shape: { dim: [{ dimValue: 0 }, { dimParam: 'n' }, { denotation: 'DATA_CHANNEL' }] } },
          },
        },
        { name: 'seq', type: { sequenceType: { elemType: { optionalType: { elemType: { tensorType: { elemType: 16 } } } } } } },
        { name: 'map', type: { mapType: { keyType: 7, valueType: { sparseTensorType: { elemType: 1 } } } } },
      ],
      node: [
        {
          name: 'n',
          opType: 'Op',
          domain: 'com.microsoft',
          overload: 'o',
          input: ['x', '', 'raw'],
          output: ['y'],
          attribute: [
            { name: 'f', type: 1, f: 0.1 },
            { name: 'i', type: 2, i: 2n ** 63n - 1n },
            { name: 'j', type: 2, i: -(2 ** 40) },
            { name: 's', type: 3, s: new Uint8Array([255, 0, 1]) },
            { name: 'g', type: 5, g: { name: 'inner', node: [{ opType: 'Identity', input: ['x'], output: ['z'] }] } },
            { name: 'floats', type: 6, floats: [1, 2.5] },
            {
              name: 'ints',
              type: 7,
              ints: [0, -1, 128, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 35, 2 ** 42, 2 ** 49],
            },
            { name: 'ref', type: 2, refAttrName: 'outer' },
            { name: 'tp', type: 13, tp: { denotation: 'IMAGE' } },
          ],
        },
      ],
    },
    functions: [
      {
        name: 'f',
        domain: 'd',
        input: ['a'],
        output: ['b'],
        attribute: ['alpha'],
        node: [{ opType: 'Neg', input: ['a'], output: ['b'] }],
      },
    ],
    trainingInfo: [{ algorithm: { name: 'step' }, updateBinding: [{ key: 'a', value: 'b' }] }],
  };

  it('writes the bytes that the reference implementation writes', () => {
    const bytes = encodeModel(all);
    const theirs = fromBinary(oracle.ModelProtoSchema, bytes);
    expect(theirs.$unknown ?? []).toEqual([]);
    expect(Buffer.from(toBinary(oracle.ModelProtoSchema, theirs)).equals(Buffer.from(bytes))).toBe(true);
    expect(theirs.graph!.node[0]!.attribute[1]!.i).toBe(2n ** 63n - 1n);
    expect(theirs.graph!.node[0]!.attribute[2]!.i).toBe(-(2n ** 40n));
  });

  it('reads what it wrote', () => {
    const back = decodeModel(encodeModel(all));
    expect(encodeModel(back)).toEqual(encodeModel(all));
    expect(back.graph!.node).toEqual(
      all.graph!.node!.map((n) => ({ ...n, attribute: n.attribute!.map((a) => (a.f ? { ...a, f: Math.fround(0.1) } : a)) })),
    );
    expect(back.graph!.initializer!.slice(1)).toEqual(numbers.slice(1));
    expect(back.graph!.initializer![0]!.docString).toBe('né 😀 \ufffd');
    expect({ ...back, graph: 0 }).toEqual({ ...all, graph: 0 });
  });

  it('reads lists of numbers written one by one, packed, and in several parts', () => {
    const floats = new Uint8Array([0x25, 0, 0, 128, 63, 0x22, 8, 0, 0, 0, 64, 0, 0, 64, 64, 0x25, 0, 0, 128, 64]);
    const ints = new Uint8Array([0x38, 1, 0x3a, 3, 2, 0xac, 2, 0x0a, 2, 3, 4, 0x08, 5]);
    expect(decodeMessage(schemas.tensor, floats).floatData).toEqual(Float32Array.of(1, 2, 3, 4));
    expect(decodeMessage(schemas.tensor, ints)).toEqual({ int64Data: BigInt64Array.of(1n, 2n, 300n), dims: [3, 4, 5] });
    // A message that comes twice is one, with both lists.
    const [attribute, ours] = [
      new Uint8Array([0x2a, 6, 0x22, 4, 0, 0, 128, 63, 0x2a, 6, 0x22, 4, 0, 0, 0, 64]),
      Float32Array.of(1, 2),
    ];
    expect(decodeMessage(schemas.attribute, attribute).t?.floatData).toEqual(ours);
    expect(fromBinary(oracle.AttributeProtoSchema, attribute).t?.floatData).toEqual([...ours]);
    const theirs = fromBinary(oracle.TensorProtoSchema, ints);
    expect([theirs.int64Data, theirs.dims]).toEqual([
      [1n, 2n, 300n],
      [3n, 4n, 5n],
    ]);
  });

  it('keeps fields of later versions', () => {
    const theirs = fromBinary(
      oracle.ModelProtoSchema,
      encodeModel({ irVersion: 11, opsetImport: [{ version: 23 }], graph: { name: 'g' } }),
    );
    theirs.configuration.push({
      $typeName: 'onnx.DeviceConfigurationProto',
      name: 'two',
      numDevices: 2,
      device: ['a', 'b'],
    } as never);
    const bytes = toBinary(oracle.ModelProtoSchema, theirs);
    const back = encodeModel({ ...decodeModel(bytes), producerName: 'changed' });
    expect(fromBinary(oracle.ModelProtoSchema, back).configuration[0]).toMatchObject({
      name: 'two',
      numDevices: 2,
      device: ['a', 'b'],
    });
  });

  it('gives raw data as a view of the file', () => {
    const bytes = encodeModel({
      irVersion: 10,
      opsetImport: [{ version: 21 }],
      graph: { initializer: [protoOfTensor(tensor([1, 2, 3]), 'w')] },
    });
    const raw = decodeModel(bytes).graph!.initializer![0]!.rawData!;
    expect(raw.buffer).toBe(bytes.buffer);
    // The same file at each of four offsets: exactly one of them puts the floats at a multiple of four.
    const views = [0, 1, 2, 3].map((offset) => {
      const moved = new Uint8Array(bytes.length + offset).subarray(offset);
      moved.set(bytes);
      const read = tensorOfProto(decodeModel(moved).graph!.initializer![0]!);
      expect(Array.from(read.data as Float32Array)).toEqual([1, 2, 3]);
      return (read.data as Float32Array).buffer === moved.buffer;
    });
    expect(views.filter((shared) => shared)).toHaveLength(1);
  });

  it('refuses what is not ONNX', () => {
    const bytes = exportGraph(network());
    const reasons = (input: Uint8Array): string => {
      try {
        decodeModel(input, { file: 'net.onnx' });
        return 'read';
      } catch (e) {
        expect(StratusError.is(e) && e.code).toBe('not-onnx');
        return (e as Error).message;
      }
    };
    expect(reasons(new Uint8Array(0))).toContain('net.onnx is not an ONNX model that can be read: it is empty');
    expect(reasons(text.encode('{"format": "json"}'))).not.toBe('read');
    expect(reasons(text.encode('<!doctype html>'))).not.toBe('read');
    expect(reasons(new Uint8Array([0x50, 0x4b, 3, 4, 20, 0, 0, 0]))).not.toBe('read');
    expect(reasons(new Uint8Array([0x08, 10]))).toContain('no graph');
    expect(reasons(new Uint8Array([0x3a, 0]))).toContain('which version');
    expect(reasons(new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f]))).toContain('4294967295 bytes');
    expect(reasons(new Uint8Array([0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]))).toContain('announced');
    expect(reasons(new Uint8Array(20).fill(0xff))).toContain('more than 10 bytes');
    expect(reasons(bytes.subarray(0, bytes.length - 3))).toMatch(/announced|ends in the middle/);
    let deep = new Uint8Array(0);
    for (let i = 0; i < 200; i++)
      deep = encodeMessage(schemas.type, {
        sequenceType: { unknownFields: [new Uint8Array([0x0a, ...varint(deep.length), ...deep])] },
      }) as Uint8Array<ArrayBuffer>;
    expect(codeOf(() => decodeMessage(schemas.type, deep))).toBe('not-onnx');
  });

  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);

  it('reads any cut-off or damaged file or says not-onnx, soon', () => {
    const bytes = exportGraph(network());
    const attempt = (input: Uint8Array): void => {
      const started = performance.now();
      for (const read of [() => encodeModel(decodeModel(input)), () => readModelInfo(input), () => importGraph(input)])
        codeOf(read);
      expect(performance.now() - started).toBeLessThan(1000);
    };
    for (let length = 0; length < bytes.length; length++)
      expect(codeOf(() => decodeModel(bytes.subarray(0, length)))).toBe('not-onnx');
    const place = fc.integer({ min: 0, max: bytes.length - 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at] = byte;
        attempt(damaged);
      }),
      { numRuns: 1500 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt), { numRuns: 500 });
  });
});

describe('tensors', () => {
  const examples: readonly Tensor[] = [
    tensor([
      [1.5, -2],
      [0, Infinity],
    ]),
    tensor([1.5, Math.PI], { dtype: 'float64' }),
    tensor(new Uint16Array([0x3c00, 0xc000]), { dtype: 'float16' }),
    tensor([-1, 127], { dtype: 'int8' }),
    tensor([0, 255], { dtype: 'uint8' }),
    tensor([-300, 300], { dtype: 'int16' }),
    tensor([0, 65535], { dtype: 'uint16' }),
    tensor([-70000, 70000], { dtype: 'int32' }),
    tensor([0, 2 ** 32 - 1], { dtype: 'uint32' }),
    tensor([-(2n ** 63n), 2n ** 63n - 1n], { dtype: 'int64' }),
    tensor([0n, 2n ** 64n - 1n], { dtype: 'uint64' }),
    tensor([true, false]),
    tensor(['a', 'ü', '']),
    zeros([0, 3]),
    tensor(7),
  ];
  it.each(examples.map((t) => [`${t.dtype} [${t.shape}]`, t] as const))('%s comes back', (_, t) => {
    const back = tensorOfProto(decodeMessage(schemas.tensor, encodeMessage(schemas.tensor, protoOfTensor(t, 't'))));
    expect([back.dtype, back.shape, back.data]).toEqual([t.dtype, t.shape, t.data]);
  });

  it('reads the lists that onnx.proto has for each type', () => {
    const int32Data = Int32Array.of(1, 0);
    const read = (proto: TensorProto): unknown => tensorOfProto({ dims: [2], ...proto }).data;
    expect(read({ dataType: 9, int32Data })).toEqual(Uint8Array.of(1, 0));
    expect(read({ dataType: 3, int32Data: Int32Array.of(-1, 5) })).toEqual(Int8Array.of(-1, 5));
    expect(read({ dataType: 10, int32Data: Int32Array.of(0x3c00, 0) })).toEqual(Uint16Array.of(0x3c00, 0));
    expect(read({ dataType: 12, uint64Data: BigUint64Array.of(2n ** 32n - 1n, 1n) })).toEqual(Uint32Array.of(2 ** 32 - 1, 1));
    expect(read({ dataType: 1, floatData: Float32Array.of(1, 2) })).toEqual(Float32Array.of(1, 2));
  });

  it('follows external data', () => {
    const proto: TensorProto = {
      name: 'w',
      dims: [2],
      dataType: 1,
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'w.bin' },
        { key: 'offset', value: '8' },
        { key: 'length', value: '8' },
      ],
    };
    const file = new Uint8Array(Float32Array.of(9, 9, 1, 2).buffer);
    expect(externalDataOf(proto)).toEqual({ location: 'w.bin', offset: 8, length: 8 });
    expect(tensorOfProto(proto, { 'w.bin': file }).toArray()).toEqual([1, 2]);
    expect(tensorOfProto(proto, { 'w.bin': file }).data).toMatchObject({ buffer: file.buffer });
    expect(codeOf(() => tensorOfProto(proto))).toBe('not-onnx');
    expect(codeOf(() => tensorOfProto(proto, { 'w.bin': file.subarray(4) }))).toBe('not-onnx');
  });

  it('refuses data that does not fit', () => {
    for (const proto of [
      { dims: [3], dataType: 1, rawData: new Uint8Array(8) },
      { dims: [2], dataType: 1, rawData: new Uint8Array(7) },
      { dims: [-1], dataType: 1 },
      { dims: [2 ** 40, 2 ** 40], dataType: 1 },
      { dims: [1], dataType: 16, rawData: new Uint8Array(2) },
      { dims: [2n ** 62n], dataType: 1 },
      { dims: [1], dataType: 7, floatData: Float32Array.of(Number.NaN) },
      { dims: [1], dataType: 1, int32Data: Int32Array.of(1) },
    ] satisfies TensorProto[])
      expect(codeOf(() => tensorOfProto(proto))).toBe('not-onnx');
  });
});

describe('export', () => {
  it('runs in ONNX Runtime, and so does what is read back', async () => {
    const graph = network();
    const bytes = exportGraph(graph);
    const back = importGraph(bytes).graph;
    expect(printGraph(back)).toBe(printGraph(graph));
    const results = await run(bytes, feedsOf());
    expect(Object.keys(results)).toEqual(['loss', 'dw1', 'db1', 'dw2']);
    expect(await run(exportGraph(back), feedsOf())).toEqual(results);
    // By hand, in float64: the loss of the network above.
    const [x, w1, b1, w2] = Object.values(feedsOf()).map((t) => Array.from(t.data as Float32Array));
    const s = (v: number): number => 1 / (1 + Math.exp(-v));
    let loss = 0;
    for (let i = 0; i < 4; i++) {
      let y = 0;
      for (let j = 0; j < 3; j++) y += w2![j]! * s(x![2 * i]! * w1![j]! + x![2 * i + 1]! * w1![3 + j]! + b1![j]!);
      loss += (y - 0.5) ** 2;
    }
    expect(((results['loss'] as ort.Tensor).data as Float32Array)[0]).toBeCloseTo(loss, 5);
  });

  it('gives equal bytes for equal graphs, and for a graph that was read back', () => {
    const bytes = exportGraph(network());
    expect(exportGraph(network())).toEqual(bytes);
    expect(exportGraph(importGraph(bytes).graph)).toEqual(bytes);
  });

  it('names nodes after the place that built them', () => {
    const names = graphToModel(network()).graph!.node!.map(({ name }) => name!);
    expect(names.slice(0, 3)).toEqual(['dense_1/MatMul_0', 'dense_1/Add_1', 'dense_1/Sigmoid_2']);
    expect(names.filter((name) => name.startsWith('dense_1.bwd/')).length).toBeGreaterThan(3);
    expect(new Set(names).size).toBe(names.length);
  });

  it('fetches inputs, constants and one value under two names', async () => {
    const x = graphInput('x', ['batch', 2]);
    const y = add(x, x);
    const k = constant(tensor([1, 2, 3]), 'k');
    const bytes = exportGraph({ name: 'g', inputs: [x], outputs: { same: x, once: y, twice: y, k3: k } });
    const results = await run(bytes, { x: new ort.Tensor('float32', Float32Array.of(1, 2), [1, 2]) });
    expect(results).toEqual({
      same: { data: Float32Array.of(1, 2), dims: [1, 2] },
      once: { data: Float32Array.of(2, 4), dims: [1, 2] },
      twice: { data: Float32Array.of(2, 4), dims: [1, 2] },
      k3: { data: Float32Array.of(1, 2, 3), dims: [3] },
    });
  });

  it('stores equal small constants once and keeps given names', () => {
    const x = graphInput('x', [2]);
    const y = add(mul(add(x, 2), 2), constant(full([], 2), 'two'));
    const { initializer } = graphToModel({ name: 'g', inputs: [x], outputs: { y } }).graph!;
    expect(initializer!.map(({ name }) => name)).toEqual(['const_0', 'two']);
  });

  it('keeps names apart', async () => {
    const x = graphInput('Add_0', [1]);
    const [a, b] = split(concat([add(x, 1), mul(x, 2)]), [1, 1]);
    const bytes = exportGraph({ name: 'g', inputs: [x], outputs: { Mul_1: a!, const_0: b! } });
    expect(await run(bytes, { Add_0: new ort.Tensor('float32', Float32Array.of(3), [1]) })).toEqual({
      Mul_1: { data: Float32Array.of(4), dims: [1] },
      const_0: { data: Float32Array.of(6), dims: [1] },
    });
  });

  it('carries metadata, versions and run-time sizes', () => {
    const x = graphInput('x', ['batch', 2, 'time']);
    const shape = dimsOf(['batch', 'time'], x);
    const bytes = exportGraph(
      { name: 'g', inputs: [x], outputs: { shape, y: reshape(x, ['batch', -1]) } },
      { metadata: { stratus: '{"a":"ü"}', license: 'MIT' }, producerVersion: '1.2.3' },
    );
    const info = readModelInfo(bytes);
    expect(info).toEqual({
      name: 'g',
      inputs: [{ name: 'x', dtype: 'float32', type: 'float32', shape: ['batch', 2, 'time'] }],
      outputs: [
        { name: 'shape', dtype: 'int64', type: 'int64', shape: [2] },
        { name: 'y', dtype: 'float32', type: 'float32', shape: ['batch', expect.any(String)] },
      ],
      metadata: { stratus: '{"a":"ü"}', license: 'MIT' },
      opsets: { '': 21 },
      ir: 10,
      producer: 'stratus 1.2.3',
    });
    expect(importGraph(bytes)).toMatchObject({ metadata: { license: 'MIT' }, opset: 21 });
    expect(codeOf(() => exportGraph({ name: 'g', inputs: [x], outputs: { shape } }, { opset: 17 }))).toBe('bad-value');
  });

  it('writes graphs inside nodes, which read what they capture by its name', async () => {
    // ONNX's If: a node that exists nowhere in the table, so that the machinery is tested and not an op.
    const ifOp = {
      type: 'If',
      domain: '',
      since: 21,
      attrs: { then_branch: { kind: 'graph' }, else_branch: { kind: 'graph' } },
      infer: (_: unknown, attrs: Record<string, unknown>) => Object.values((attrs['then_branch'] as Graph).outputs),
      gradient: 'unknown',
    } as const;
    const [x, yes] = [graphInput('x', [2]), graphInput('yes', [], 'bool')];
    const outer = mul(x, 3);
    const branch = (name: string, build: (x: Value) => Value): Graph => {
      const inner = graphInput('captured', [2]);
      return { name, inputs: [inner], captured: 1, outputs: { [name]: build(inner) } };
    };
    const [chosen] = apply(ifOp, [yes, outer, x], {
      then_branch: branch('a', (v) => add(v, 1)),
      else_branch: branch('b', (v) => sub(mul(v, 3), 1)),
    });
    const graph: Graph = { name: 'g', inputs: [x, yes], outputs: { y: add(chosen!, outer) } };
    const feed = (value: boolean) => ({
      x: new ort.Tensor('float32', Float32Array.of(1, 2), [2]),
      yes: new ort.Tensor('bool', Uint8Array.of(value ? 1 : 0), []),
    });
    expect((await run(exportGraph(graph), feed(true)))['y']).toMatchObject({ data: Float32Array.of(7, 13) });
    expect((await run(exportGraph(graph), feed(false)))['y']).toMatchObject({ data: Float32Array.of(5, 11) });
    expect(printGraph(graph)).toContain('then_branch=graph a(captured captured: float32[2]) {\n');
    expect(codeOf(() => checkGraph(branch('a', (v) => v)))).toBe('bad-graph');
    expect(codeOf(() => importGraph(exportGraph(graph)))).toBe('unsupported-ops');
  });
});

describe('import', () => {
  const f32 = (name: string, ...dims: (number | string)[]) => ({
    name,
    type: {
      tensorType: { elemType: 1, shape: { dim: dims.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) } },
    },
  });
  const model = (graph: ModelProto['graph'], opset = 21): ModelProto => ({
    irVersion: 10,
    opsetImport: [{ version: opset }],
    graph,
  });

  it('names all that it does not know at once', () => {
    const proto = model({
      input: [f32('x', 1), { name: 'b', type: { tensorType: { elemType: 16, shape: {} } } }],
      node: [
        { opType: 'Frobnicate', input: ['x'], output: ['y'] },
        { opType: 'FusedThing', domain: 'com.microsoft', input: ['x'], output: ['z'] },
        { opType: 'ReduceSum', input: ['x'], output: ['s'], attribute: [{ name: 'sizes', type: 7, ints: [0] }] },
      ],
      output: [f32('y', 1)],
    });
    let message = '';
    try {
      importGraph(proto);
    } catch (e) {
      expect(StratusError.is(e) && e.code).toBe('unsupported-ops');
      message = (e as Error).message;
    }
    for (const name of [
      'Frobnicate',
      'com.microsoft.FusedThing',
      "ReduceSum with the attribute 'sizes'",
      "input 'b' of type element type 16",
    ])
      expect(message).toContain(name);
    expect(readModelInfo(proto).inputs).toEqual([
      { name: 'x', dtype: 'float32', type: 'float32', shape: [1] },
      { name: 'b', dtype: undefined, type: 'element type 16', shape: [] },
    ]);
    expect(
      codeOf(() =>
        importGraph(
          model({ input: [f32('x', 1)], node: [{ opType: 'Add', input: ['x', 'x'], output: ['y'] }], output: [f32('y', 1)] }, 6),
        ),
      ),
    ).toBe('unsupported-ops');
  });

  it('reads Constant nodes, initializers among the inputs, sizes without a name', () => {
    const { graph } = importGraph(
      model({
        name: 'g',
        input: [{ name: 'x', type: { tensorType: { elemType: 1, shape: { dim: [{}, { dimValue: 2 }] } } } }, f32('w', 2)],
        initializer: [protoOfTensor(tensor([1, 2]), 'w')],
        node: [
          { opType: 'Constant', output: ['c'], attribute: [{ name: 'value_float', type: 1, f: 0.5 }] },
          { opType: 'Constant', output: ['axes'], attribute: [{ name: 'value_ints', type: 7, ints: [-1] }] },
          { opType: 'Mul', name: '/layer/Mul', input: ['x', 'w'], output: ['m'] },
          { opType: 'Add', name: 'odd name', input: ['m', 'c'], output: ['s'] },
          { opType: 'ReduceSum', input: ['s', 'axes'], output: ['y'], attribute: [{ name: 'keepdims', i: 0 }] },
        ],
        output: [{ name: 'y' }],
      }),
    );
    expect(printGraph(graph)).toBe(
      [
        'graph g(x: float32[x_0, 2]) {',
        '  %0 = Mul(x, [1.0, 2.0]): float32[x_0, 2]  # /layer',
        '  %1 = Add(%0, 0.5): float32[x_0, 2]  # odd name',
        '  %2 = ReduceSum(%1, [-1], keepdims=0): float32[x_0]',
        '  return y = %2',
        '}',
      ].join('\n'),
    );
  });

  it.each<[string, ModelProto, string]>([
    [
      'a name that nothing makes',
      model({ node: [{ opType: 'Neg', input: ['x'], output: ['y'] }], output: [f32('y')] }),
      'not-onnx',
    ],
    ['an output that nothing makes', model({ output: [f32('y')] }), 'not-onnx'],
    ['one name twice', model({ input: [f32('x', 1), f32('x', 1)], output: [f32('x', 1)] }), 'not-onnx'],
    ['missing inputs', model({ node: [{ opType: 'Add', output: ['y'] }], output: [f32('y')] }), 'not-onnx'],
    [
      'an attribute of another kind',
      model({
        input: [f32('x', 1)],
        node: [{ opType: 'Concat', input: ['x'], output: ['y'], attribute: [{ name: 'axis', type: 1, f: 0 }] }],
        output: [f32('y')],
      }),
      'not-onnx',
    ],
    [
      'shapes that do not fit',
      model({
        input: [f32('x', 2), f32('w', 3)],
        node: [{ opType: 'Add', name: 'sum', input: ['x', 'w'], output: ['y'] }],
        output: [f32('y')],
      }),
      'shape-mismatch',
    ],
    [
      'outputs that are not known',
      model({ input: [f32('x', 2)], node: [{ opType: 'Neg', input: ['x'], output: ['y', 'z'] }], output: [f32('y')] }),
      'unsupported-ops',
    ],
  ])('refuses %s', (_, proto, code) => expect(codeOf(() => importGraph(encodeModel(proto)))).toBe(code));
});

/** One graph for each case of each op, with inputs as the case has them. */
const opGraphs = Object.entries(ops).flatMap(([entry, cases]) =>
  entry.endsWith('Cases')
    ? (cases as OpCase[]).map((c, row): [string, () => Graph] => [
        `${entry} ${c.name ?? row}`,
        () => {
          const shapes = c.ins === 'any' ? [[2, 3]] : c.ins === 'broadcast' ? [[2, 3], [1]] : c.ins;
          const inputs = shapes.map((given, i) => {
            const { shape, dtype, values }: CaseInput = Array.isArray(given) ? { shape: given } : (given as CaseInput);
            return graphInput(`in${i}`, shape ?? tensor(values!).shape, dtype);
          });
          const built = c.build(...inputs);
          const outs = Array.isArray(built) ? (built as readonly Value[]) : [built as Value];
          return { name: entry, inputs, outputs: Object.fromEntries(outs.map((value, i) => [`out${i}`, value])) };
        },
      ])
    : [],
);

describe('every op', () => {
  it('has cases', () => expect(opGraphs.length).toBeGreaterThan(60));

  it.each(opGraphs)('%s comes back from a file', (_, build) => {
    const bytes = exportGraph(build());
    const back = importGraph(bytes).graph;
    expect(exportGraph(back)).toEqual(bytes);
    expect(printGraph(back)).toBe(printGraph(importGraph(exportGraph(back)).graph));
  });

  it('damaged, it is read or refused, soon', () => {
    const files = opGraphs.map(([name, build]): [string, Uint8Array] => [name, exportGraph(build())]);
    const change = fc.tuple(fc.nat(), fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xff));
    fc.assert(
      fc.property(fc.constantFrom(...files), fc.array(change, { minLength: 1, maxLength: 3 }), ([, bytes], changes) => {
        const damaged = bytes.slice();
        for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
        const started = performance.now();
        codeOf(() => printGraph(importGraph(damaged).graph));
        expect(performance.now() - started).toBeLessThan(1000);
      }),
      { numRuns: 4000 },
    );
  });
});

describe.skipIf(!there)('real files (STRATUS_DATA)', () => {
  it.each(realFiles)('%s is read and written as the reference implementation does', (file) => {
    const bytes = readReal(file);
    const ours = encodeModel(decodeModel(bytes));
    const theirs = fromBinary(oracle.ModelProtoSchema, bytes);
    expect(Buffer.from(ours).equals(Buffer.from(toBinary(oracle.ModelProtoSchema, theirs)))).toBe(true);
    const tensors = decodeModel(bytes).graph!.initializer ?? [];
    for (const proto of tensors) if (proto.rawData) expect(proto.rawData.buffer).toBe(bytes.buffer);
  });

  it('says what mnist-cntk.onnx takes and gives, and says the same of a digit after a round trip', async () => {
    const bytes = readReal('mnist-cntk.onnx');
    const info = readModelInfo(bytes);
    expect(info.inputs).toEqual([{ name: 'Input3', dtype: 'float32', type: 'float32', shape: [1, 1, 28, 28] }]);
    expect(info.outputs).toEqual([{ name: 'Plus214_Output_0', dtype: 'float32', type: 'float32', shape: [1, 10] }]);
    const digit = new ort.Tensor(
      'float32',
      Float32Array.from({ length: 784 }, (_, i) => (i * 37) % 256),
      [1, 1, 28, 28],
    );
    const scores = async (model: Uint8Array) =>
      [...((await run(model, { Input3: digit }))['Plus214_Output_0'] as { data: Float32Array }).data].map((x) => x / 1e4);
    const [want, got] = [await scores(bytes), await scores(exportGraph(importGraph(bytes).graph))];
    for (const [i, x] of want.entries()) expect(Math.abs(got[i]! - x)).toBeLessThan(1e-5);
  });

  it('names all that it lacks for mobilenet_v3_qdq at once', () => {
    const refused = (): unknown => importGraph(readReal('mobilenet_v3_qdq/model.onnx'));
    expect(refused).toThrow(/operators that are not in the table: DequantizeLinear, QuantizeLinear\./);
  });

  it('mobilenet_v3_qdq predicts what its test case expects after a round trip', async () => {
    const read = (file: string): Tensor => tensorOfProto(decodeMessage(schemas.tensor, readReal(`mobilenet_v3_qdq/${file}`)));
    const [input, output] = [read('input_0.pb'), read('output_0.pb')];
    const bytes = encodeModel(decodeModel(readReal('mobilenet_v3_qdq/model.onnx')));
    const info = readModelInfo(bytes);
    const feeds = { [info.inputs[0]!.name]: new ort.Tensor('float32', input.data as Float32Array, [...input.shape]) };
    const result = (await run(bytes, feeds))[info.outputs[0]!.name] as { data: Float32Array };
    const best = (values: ArrayLike<number>): number => Array.from(values).indexOf(Math.max(...Array.from(values)));
    expect(best(result.data)).toBe(best(output.data as Float32Array));
    expect(await run(readReal('mobilenet_v3_qdq/model.onnx'), feeds)).toEqual({
      [info.outputs[0]!.name]: expect.objectContaining({ data: result.data }),
    });
  });
});
