import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import type { InferResponse } from '../src/serve/index.ts';
import { answer, inferBody, smallBytes } from './serving.ts';

let server: Deployment;
const reported: unknown[] = [];
beforeAll(async () => {
  server = await deploy(await smallBytes(), { port: 0, name: 'm', stopOn: [], report: (e) => reported.push(e) });
});
afterAll(() => server.stop());

/** What a right answer to this body is, if it is a right request. */
function wanted(body: string): readonly number[] | undefined {
  const request = JSON.parse(body) as { inputs: { name: string; shape: number[]; datatype: string; data: unknown[] }[] };
  const [x, ...more] = request.inputs;
  const flat = x!.data.flat(9) as number[];
  const [rows, three] = x!.shape;
  if (
    more.length > 0 ||
    x!.name !== 'x' ||
    x!.datatype !== 'FP32' ||
    x!.shape.length !== 2 ||
    three !== 3 ||
    flat.length !== rows! * 3
  )
    return undefined;
  return Array.from({ length: rows! }, (_, i) => answer(flat.slice(3 * i, 3 * i + 3))).flat();
}

async function check(body: string | Uint8Array<ArrayBuffer>): Promise<number> {
  const response = await fetch(`${server.url}/v2/models/m/infer`, { method: 'POST', body });
  const text = await response.text();
  if (response.status === 200) {
    const { outputs } = JSON.parse(text) as InferResponse;
    const want = wanted(typeof body === 'string' ? body : new TextDecoder().decode(body));
    expect(want, 'a wrong request was answered').toBeDefined();
    outputs[0]!.data.forEach((v, i) =>
      expect(Math.abs(Number(v) - want![i]!), `element ${i}`).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(want![i]!))),
    );
    expect(outputs[0]!.data).toHaveLength(want!.length);
  } else {
    const { error, code } = JSON.parse(text) as { error: string; code: string };
    expect([response.status, code]).toEqual([400, 'bad-request']);
    expect(error.length).toBeGreaterThan(10);
    expect(error).not.toMatch(/\n\s+at |node:|\.ts\b|undefined is not|Cannot read/);
  }
  return response.status;
}

const number = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }),
  fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) }),
);
const row = fc.array(number, { minLength: 3, maxLength: 3 });
const right = fc
  .tuple(fc.array(row, { maxLength: 5 }), fc.boolean())
  .map(([rows, flat]) => inferBody(flat ? rows.flat() : rows, [rows.length, 3]));

const odd = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(-1, 0.5, 1e400, 2 ** 53, '', 'x', 'FP32', [], [[]], [3], [1, 3], [1, 3, 1], [2 ** 31, 2 ** 31]),
  fc.bigInt().map(Number),
);
/** A request with one or two fields that are something else, or not there. */
const wrong = fc
  .tuple(
    right,
    fc.array(
      fc.tuple(
        fc.constantFrom('inputs', 'outputs', 'id', 'parameters', 'name', 'shape', 'datatype', 'data', 'element'),
        odd,
        fc.nat(),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  )
  .map(([body, changes]) => {
    const request = JSON.parse(body) as { inputs: Record<string, unknown>[] };
    for (const [field, put, at] of changes) {
      const value: unknown = structuredClone(put); // the same constants come again and again
      const [x] = Array.isArray(request.inputs) ? request.inputs : [];
      if (['inputs', 'outputs', 'id', 'parameters'].includes(field)) Object.assign(request, { [field]: value });
      else if (field === 'element' && Array.isArray(x?.['data'])) x['data'][at % (x['data'].length + 1)] = value;
      else if (typeof x === 'object' && x !== null) x[field] = value;
    }
    return JSON.stringify(request);
  });

/** A text with one place changed. */
const garbled = fc
  .tuple(
    right,
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', ',', '[', ']', '{', '}', '"', '1', '-', 'e', '.', 'null', '\\', '\u0000', 'é'),
  )
  .map(([body, at, drop, put]) => body.slice(0, at % body.length) + put + body.slice((at % body.length) + drop));

describe('whatever comes', () => {
  it('is answered rightly or refused with a reason, and the server lives on', async () => {
    const seen = new Map<string, number>();
    const kinds = { right, wrong, garbled, json: fc.json(), bytes: fc.uint8Array({ maxLength: 60 }) } as const;
    for (const [kind, bodies] of Object.entries(kinds)) {
      await fc.assert(
        fc.asyncProperty(bodies as fc.Arbitrary<string | Uint8Array<ArrayBuffer>>, async (body) => {
          const status = await check(body);
          seen.set(`${kind} ${status}`, (seen.get(`${kind} ${status}`) ?? 0) + 1);
          if (kind === 'right') expect(status).toBe(200);
        }),
        { numRuns: 150 },
      );
    }
    expect(await check(inferBody([1, 2, 3], [1, 3]))).toBe(200);
    expect(reported).toEqual([]);
    for (const kind of ['right 200', 'wrong 400', 'garbled 400', 'json 400', 'bytes 400'])
      expect(seen.get(kind), kind).toBeGreaterThan(4);
  });

  it('does not let neighbours disturb each other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(right, wrong, garbled), { minLength: 5, maxLength: 30 }), async (bodies) => {
        await Promise.all(bodies.map(check));
      }),
      { numRuns: 40 },
    );
    expect(reported).toEqual([]);
  });
});
