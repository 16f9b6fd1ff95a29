import { decodeArtifact, fail, nearest } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import type { Artifact, Json, Store, VersionInfo } from '../store/index.ts';
import { readSweep } from './records.ts';

/** How the best model is registered. */
export interface RegisterBestOptions {
  /** Which artifact of the trial it is, where it has several models. */
  readonly artifact?: string;
  readonly notes?: string;
}

/** The artifact that is the model. Errors: `unknown-name`, `bad-value`. */
function modelOf(artifacts: readonly Artifact[], wanted: string | undefined, trial: string): Artifact {
  const known = artifacts.map(({ path }) => path);
  if (wanted !== undefined) {
    const found = artifacts.find(({ path }) => path === wanted);
    if (found) return found;
    throw fail('unknown-name', { kind: `artifact of the run ${trial}`, name: wanted, suggestion: nearest(wanted, known), known });
  }
  const models = artifacts.filter(({ path }) => path.endsWith('.onnx'));
  const found = models.length === 1 ? models[0] : models.find(({ path }) => path === 'model.onnx');
  if (found) return found;
  throw fail('bad-value', {
    what: `the best trial (run ${trial})`,
    got:
      models.length === 0
        ? `no model among its artifacts (${known.join(', ') || 'none'})`
        : `several models: ${models.map(({ path }) => path).join(', ')}`,
    want:
      models.length === 0
        ? "one that was kept: trial.keep('model.onnx', bytes), or a checkpoint of fit"
        : 'the name of one of them',
  });
}

/**
 * Puts the model of a sweep's best trial into the registry, as the next version of a model, with its metrics, parameters and run.
 *
 * Errors: `unknown-name`; `bad-value` where no trial finished, or the best one kept no model; those of the store and the blobs.
 *
 * @example no-run
 * import { openWorkspace, registerBest } from 'stratus';
 * const workspace = await openWorkspace();
 * const { number } = await registerBest(workspace, 'digits-sweep', 'digits');
 * console.log(`digits@${number}`);
 * await workspace.close();
 */
export async function registerBest(
  { store, blobs }: { readonly store: Store; readonly blobs: Blobs },
  sweep: string,
  model: string,
  { artifact, notes }: RegisterBestOptions = {},
): Promise<VersionInfo> {
  const { best, key, name, metric } = await readSweep(store, sweep);
  if (best === undefined)
    throw fail('bad-value', {
      what: `the sweep '${name}' (${key})`,
      got: 'no finished trial',
      want: 'at least one with a value',
    });
  const { path, digest, bytes } = modelOf(await store.artifacts.list(best.key), artifact, best.key);
  const { manifest } = await decodeArtifact(await blobs.read(digest), path).catch(() => ({ manifest: undefined }));
  const run = await store.runs.get(best.key);
  const metrics = Object.entries(run.metrics).flatMap(([of, { last }]) =>
    Number.isFinite(last.value) ? [[of, last.value] as const] : [],
  );
  return await store.models.register(model, {
    digest,
    bytes,
    run: best.key,
    metrics: { ...Object.fromEntries(metrics), [metric]: best.value! },
    ...(manifest !== undefined && { signature: manifest.signature as unknown as Json }),
    notes: notes ?? `Trial ${best.number} of the sweep '${name}' (${key}): ${JSON.stringify(best.parameters)}`,
  });
}
