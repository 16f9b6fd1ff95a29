import { fail } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { decodeModel, encodeModelInTurns, graphToModel, type ModelProto, tensorOfProto } from '../onnx/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { alignedInTurns, copyInTurns } from './copy-in-turns.ts';
import { type Manifest, manifestFormat, manifestKey, parseManifest } from './manifest.ts';
import { sha256 } from './sha256.ts';

/** A model file that was read and found whole. */
export interface Artifact {
  readonly manifest: Manifest;
  readonly model: ModelProto;
  /** Initializers by name. */
  readonly weights: Readonly<Record<string, Tensor>>;
}

const encode = (model: ModelProto): Promise<Uint8Array> => encodeModelInTurns(model, copyInTurns);
const hashOf = async (model: ModelProto): Promise<string> => sha256(await encode({ ...model, metadataProps: [] }));
/** What the manifest itself says, its own hash left out. */
const hashOfManifest = async ({ hashes, ...about }: Manifest): Promise<string> =>
  sha256(new TextEncoder().encode(JSON.stringify({ ...about, model: hashes.model })));

/** The bytes of a model file: a plain ONNX model that carries its manifest. */
export async function encodeArtifact(graph: Graph, about: Omit<Manifest, 'format' | 'hashes'>): Promise<Uint8Array> {
  const model = graphToModel(graph);
  const plain = JSON.parse(JSON.stringify({ format: manifestFormat, ...about })) as Omit<Manifest, 'hashes'>;
  const unsigned: Manifest = { ...plain, hashes: { model: await hashOf(model), manifest: '' } };
  const manifest = { ...unsigned, hashes: { ...unsigned.hashes, manifest: await hashOfManifest(unsigned) } };
  return encode({ ...model, metadataProps: [{ key: manifestKey, value: JSON.stringify(manifest) }] });
}

/** The manifest of an ONNX file, or undefined when it carries none. Errors: `corrupt`. */
export function manifestOf(model: ModelProto, file: string): Manifest | undefined {
  const entry = model.metadataProps?.find(({ key }) => key === manifestKey);
  return entry === undefined ? undefined : parseManifest(entry.value ?? '', file);
}

/**
 * Reads a model file and checks it against its hash.
 *
 * Errors: `not-onnx`, `no-manifest`, `corrupt` when the file is damaged or was changed by another tool.
 *
 * @example
 * import { decodeArtifact, dense, input, sequential } from '@stratus/core';
 * const bytes = await sequential([input({ shape: [2] }), dense({ units: 1 })]).toBytes();
 * console.log((await decodeArtifact(bytes)).manifest.signature.inputs[0]!.name); // input
 */
export async function decodeArtifact(bytes: Uint8Array, file = 'The model'): Promise<Artifact> {
  const model = decodeModel(bytes, { file });
  const manifest = manifestOf(model, file);
  if (!manifest) throw fail('no-manifest', { file });
  const hashOfText = await hashOfManifest(manifest).catch((e: unknown) => (e as Error).message); // too deep to be written again
  const checks = [
    ['its content', await hashOf(model), manifest.hashes.model],
    ['its manifest', hashOfText, manifest.hashes.manifest],
  ] as const;
  for (const [part, got, want] of checks)
    if (got !== want)
      throw fail('corrupt', {
        file,
        reason: `${part} has the SHA-256 ${got}, and it should have ${want}`,
        fix: "Copy or save it again. If another tool changed it on purpose, remove 'stratus' from its metadata: then it is served as it is.",
      });
  const weights: [string, Tensor][] = [];
  for (const proto of model.graph?.initializer ?? [])
    if (proto.name) weights.push([proto.name, tensorOfProto(await alignedInTurns(proto))]);
  return { manifest, model, weights: Object.fromEntries(weights) };
}
