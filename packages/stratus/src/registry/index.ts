import { type Kept, type Registry, type RegistryOptions, registryOf } from './registry.ts';

export { checkMove, checkTraffic } from './check-traffic.ts';
export type { Port, Signature } from './description.ts';
export type { Evaluation } from './evaluations.ts';
export { describeRules, type Evaluate, type GateResult, type GateRules, type MetricRule } from './gates/index.ts';
export type { ImportOptions } from './import.ts';
export { beginsAsArchive } from './model-files.ts';
export type { PromoteOptions, Promotion } from './promote.ts';
export { isReference, parseReference, type Reference } from './reference.ts';
export type { LoadedModel, RegisterOptions, Registry, RegistryOptions } from './registry.ts';

/**
 * The models of a workspace: versions that never change, aliases such as 'production' with all that ever happened to them, and gates that a version has to pass before
 * an alias moves to it. What is loaded is what was registered: digests are verified at every load.
 *
 * Errors: `unknown-name` with a did-you-mean for models, versions and aliases; `corrupt`, which names the blob; `conflict`; `bad-value`; those of the store and of the blobs.
 *
 * @example no-run
 * import { openWorkspace, registry } from 'stratus';
 * const workspace = await openWorkspace();
 * const models = registry(workspace);
 * const { number } = await models.register('digits', 'digits.onnx');
 * await models.gate('digits', 'production', { maxBytes: 10_000_000, signatureCompatible: true });
 * await models.promote(`digits:${number}`, 'production', { reason: 'the first one' });
 * const { bytes } = await models.load('digits@production');
 * await models.rollback('digits', 'production', { reason: 'complaints' });
 * await workspace.close();
 */
export const registry = (workspace: Kept, options: RegistryOptions = {}): Registry => registryOf(workspace, options);
