import { fail, StratusError } from '@stratus/core';
import { checkSignatures, type SignatureForm, signatureIn, type TrafficRule } from '../serve/index.ts';
import type { Store } from '../store/index.ts';

/** An alias that will have this version. */
interface Moving {
  readonly alias: string;
  readonly number: number;
}

/** Versions that a traffic rule names have to be there, and the same clients must be able to use them, also when an alias has moved. Errors: `unknown-name`, `conflict`. */
export async function checkTraffic({ models, traffic }: Store, rule: TrafficRule, moving?: Moving): Promise<void> {
  const { model, routes, shadow } = rule;
  const signatures = new Map<string, SignatureForm | undefined>();
  for (const { version } of [...routes, ...(shadow ? [shadow] : [])]) {
    const named = bare(version) === moving?.alias ? moving.number : /^\d+$/.test(version) ? Number(version) : version;
    const { signature } = await models.version(model, named);
    signatures.set(version, signatureIn(signature));
  }
  const [last] = await traffic.history(model);
  checkSignatures(rule, last?.rule as TrafficRule | null | undefined, (version) => signatures.get(version));
}

const bare = (alias: string): string => alias.replace(/^@/, '');

/** An alias that a traffic rule names cannot move to a version that the clients of the rule's others cannot use: they do not know which one answers. Errors: `conflict`. */
export async function checkMove(store: Store, model: string, { alias, number }: Moving): Promise<void> {
  const [last] = await store.traffic.history(model);
  if (!last?.rule) return;
  try {
    await checkTraffic(store, last.rule as unknown as TrafficRule, { alias: bare(alias), number });
  } catch (e) {
    if (!StratusError.is(e) || e.code !== 'conflict') return; // versions that are gone are no reason
    throw fail(
      'conflict',
      {
        what: `Version ${number} of the model '${model}'`,
        reason: `cannot have the alias '${bare(alias)}' while the traffic rule ${last.number} holds: ${e.details['what']} ${e.details['reason']}`,
        fix: `Nothing was moved. End the rule first (stratus traffic ${model} --end), or force the promotion with a reason.`,
      },
      e,
    );
  }
}
