// A file whose hashes are right and whose content is anything: every answer is a model or an error of ours, never a TypeError or a hang.
import { describe, expect, it } from 'vitest';
import { sha256 } from '../src/artifact/index.ts';
import {
  add,
  decodeArtifact,
  dense,
  dropout,
  encodeModel,
  flatten,
  input,
  load,
  type Manifest,
  model,
  StratusError,
} from '../src/index.ts';

const a = input({ shape: [2], name: 'a' });
const b = input({ shape: [2], name: 'b' });
const h = dense({ units: 3, activation: 'relu', kernelRegularizer: 'l2' })(add()([a, b]));
const net = model({ inputs: [a, b], outputs: { y: flatten()(dropout({ rate: 0.1 })(h)) } }).compile({
  optimizer: 'adam',
  loss: 'mse',
  metrics: ['mae'],
  emaMomentum: 0.9,
});
const artifact = decodeArtifact(await net.toBytes());

/** The file with another manifest, as somebody who knows how it is signed would write it. */
async function forged(change: (manifest: Record<string, unknown>) => void): Promise<Uint8Array> {
  const { model: proto, manifest } = await artifact;
  const copy = JSON.parse(JSON.stringify(manifest)) as Record<string, unknown> & { hashes: Manifest['hashes'] };
  change(copy);
  const { hashes, ...about } = copy;
  const text = JSON.stringify({ ...about, model: hashes?.model });
  const signed = { ...about, hashes: { ...hashes, manifest: await sha256(new TextEncoder().encode(text)) } };
  return encodeModel({ ...proto, metadataProps: [{ key: 'stratus', value: JSON.stringify(signed) }] });
}

type Path = readonly (string | number)[];
const pathsOf = (value: unknown, path: Path = []): Path[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [
        path,
        ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, Array.isArray(value) ? Number(key) : key])),
      ];
const put = (root: Record<string, unknown>, path: Path, value: unknown): void => {
  const parent = path.slice(0, -1).reduce((at, key) => (at as Record<string | number, unknown>)[key], root as unknown) as Record<
    string | number,
    unknown
  >;
  if (value === undefined) delete parent[path.at(-1)!];
  else parent[path.at(-1)!] = value;
};
const odd: readonly unknown[] = [
  undefined,
  null,
  0,
  -1,
  1.5,
  1e300,
  '',
  '__proto__',
  'constructor',
  'a/b',
  true,
  [],
  {},
  [[]],
  [null],
  { type: 'Dense' },
  'x'.repeat(10_000),
];

describe('a forged file', () => {
  it('is whole before it is changed', async () => {
    expect((await load(await forged(() => undefined))).name).toBe('model');
  });

  const sections = [
    'architecture',
    'compile',
    'signature',
    'samples',
    'preprocessing',
    'postprocessing',
    'seed',
    'name',
    'baseline',
    'training',
    'format',
    'hashes',
  ] as const;
  it.each(sections)('loads or is refused, whatever is in its %s', async (section) => {
    const { manifest } = await artifact;
    let refused = 0;
    for (const path of pathsOf((manifest as unknown as Record<string, unknown>)[section], [section]))
      for (const value of odd) {
        const what = `${path.join('.')} = ${JSON.stringify(value)?.slice(0, 40)}`;
        const bytes = await forged((copy) => put(copy, path, value));
        try {
          const got = await load(bytes);
          got.summary();
        } catch (e) {
          refused++;
          expect(StratusError.is(e), `${what}: ${(e as Error).stack}`).toBe(true);
        }
      }
    if (['architecture', 'compile', 'signature', 'seed', 'format'].includes(section)) expect(refused).toBeGreaterThan(3);
  });

  it('whose weights do not fit its architecture is refused by name', async () => {
    const bytes = await forged((copy) => put(copy, ['architecture', 'layers', 1, 'config', 'units'], 4));
    await expect(load(bytes)).rejects.toThrow(/'dense\/kernel' is float32 \[2, 3\], and its architecture needs float32 \[2, 4\]/);
  });

  it('that is nested without end is refused', async () => {
    const { model: proto } = await artifact;
    const deep = JSON.stringify({ ...(await artifact).manifest, name: 0 }).replace(
      '"name":0',
      `"name":${'['.repeat(200_000)}${']'.repeat(200_000)}`,
    );
    await expect(load(encodeModel({ ...proto, metadataProps: [{ key: 'stratus', value: deep }] }))).rejects.toMatchObject({
      code: 'corrupt',
    });
  });

  it('cannot make a model that is larger than the file', async () => {
    const bytes = await forged((copy) => put(copy, ['architecture', 'layers', 1, 'config', 'units'], 2 ** 40));
    await expect(load(bytes)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
