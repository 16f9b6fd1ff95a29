import { checkSignatures, type SignatureForm, signatureIn, type TrafficRule } from '../serve/index.ts';
import type { Store } from '../store/index.ts';

/** Versions that a traffic rule names have to be there, and the same clients must be able to use them. Errors: `unknown-name`, `conflict`. */
export async function checkTraffic({ models, traffic }: Store, rule: TrafficRule): Promise<void> {
  const { model, routes, shadow } = rule;
  const signatures = new Map<string, SignatureForm | undefined>();
  for (const { version } of [...routes, ...(shadow ? [shadow] : [])]) {
    const { signature } = await models.version(model, /^\d+$/.test(version) ? Number(version) : version);
    signatures.set(version, signatureIn(signature));
  }
  const [last] = await traffic.history(model);
  checkSignatures(rule, last?.rule as TrafficRule | null | undefined, (version) => signatures.get(version));
}
