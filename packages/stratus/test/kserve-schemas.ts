// The parts of KServe's CRDs that our objects touch: without descriptions, and of the many kinds of predictors only `model`.
import { parse } from 'yaml';
import type { Schema } from './kubernetes-objects.ts';

interface Crd {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

/** No description of a field; a field may be called so. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => !(key === 'description' && typeof inner === 'string'))
      .map(([key, inner]) => [key, bare(inner)]),
  );
}

const predictor = new Set(['model', 'minReplicas', 'maxReplicas', 'scaleMetric', 'scaleTarget', 'timeout']);

/** The schema of a CRD, with the kind that it is of. */
export function schemaOf(text: string): readonly [kind: string, schema: Schema] {
  const { group, names, versions } = (parse(text) as Crd).spec;
  const [{ name, schema }] = versions as readonly [Crd['spec']['versions'][number]];
  const whole = bare(schema.openAPIV3Schema) as { properties: { spec: { properties: Record<string, { properties: object }> } } };
  const parts = whole.properties.spec.properties;
  if (names.kind === 'InferenceService') {
    const kept = Object.entries(parts['predictor']!.properties).filter(([key]) => predictor.has(key));
    whole.properties.spec.properties = { predictor: { ...parts['predictor'], properties: Object.fromEntries(kept) } };
  }
  return [`${group}/${name} ${names.kind}`, whole as unknown as Schema];
}
