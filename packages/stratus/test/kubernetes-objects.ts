// What Kubernetes would say to objects, without one: types, formats and what must be there by kubernetes-models (made of its OpenAPI document), unknown fields by the
// types of its own client, KServe's objects by the schemas of its CRDs (golden/shipping/kserve-schemas.json). Rules in CEL are not run.
import { readFileSync } from 'node:fs';
import * as client from '@kubernetes/client-node';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import { Ajv } from 'ajv';
import { Deployment } from 'kubernetes-models/apps/v1';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service, ServiceAccount } from 'kubernetes-models/v1';

/** An object of Kubernetes. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: unknown;
}

type Model = new (object: never) => { validate(): void };

/** The model, and the class of the client. */
const kinds: Readonly<Record<string, readonly [Model, string | undefined]>> = {
  'apps/v1 Deployment': [Deployment, 'V1Deployment'],
  'v1 Service': [Service, 'V1Service'],
  'v1 ServiceAccount': [ServiceAccount, 'V1ServiceAccount'],
  'autoscaling/v2 HorizontalPodAutoscaler': [HorizontalPodAutoscaler, 'V2HorizontalPodAutoscaler'],
  'policy/v1 PodDisruptionBudget': [PodDisruptionBudget, 'V1PodDisruptionBudget'],
  'networking.k8s.io/v1 NetworkPolicy': [NetworkPolicy, 'V1NetworkPolicy'],
  'monitoring.coreos.com/v1 ServiceMonitor': [ServiceMonitor, undefined],
};

interface Attribute {
  readonly name: string;
  readonly baseName: string;
  readonly type: string;
}

/** Fields that no type of the client has. */
function unknownFields(value: unknown, type: string, at: string): string[] {
  const [, each] = /^Array<(.+)>$/.exec(type) ?? /^\{ \[key: string\]: (.+); \}$/.exec(type) ?? [];
  if (each !== undefined)
    return Object.entries(value as object).flatMap(([key, one]) => unknownFields(one, each, `${at}/${key}`));
  const known = (client as unknown as Record<string, { getAttributeTypeMap?: () => Attribute[] } | undefined>)[type];
  if (!known?.getAttributeTypeMap) return [];
  const attributes = new Map(known.getAttributeTypeMap().map((attribute) => [attribute.baseName, attribute.type]));
  return Object.entries(value as object).flatMap(([key, one]) => {
    const inner = attributes.get(key);
    return inner === undefined ? [`${at}/${key} is not known`] : unknownFields(one, inner, `${at}/${key}`);
  });
}

export type Schema = Readonly<Record<string, unknown>>;

/** A CRD's schema as one of JSON Schema that refuses what the CRD does not name. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { 'x-kubernetes-int-or-string': either, 'x-kubernetes-preserve-unknown-fields': open, ...rest } = schema as Schema;
  const plain = Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => !key.startsWith('x-kubernetes-') && key !== 'format')
      .map(([key, value]) => [key, strict(value)]),
  );
  if (either === true) return { anyOf: [{ type: 'integer' }, { type: 'string' }] };
  return plain['properties'] !== undefined && open !== true && plain['type'] === 'object'
    ? { ...plain, additionalProperties: false }
    : plain;
}

const ajv = new Ajv({ strict: false, allErrors: true });
const crds = JSON.parse(readFileSync(new URL('golden/shipping/kserve-schemas.json', import.meta.url), 'utf8')) as {
  readonly schemas: Readonly<Record<string, Schema>>;
};
const ofKserve = new Map(Object.entries(crds.schemas).map(([kind, schema]) => [kind, ajv.compile(strict(schema) as Schema)]));

/** A label's value, and the names of most objects. */
const label = /^(?=.{0,63}$)([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?$/;
const objectName = /^(?=.{1,63}$)[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** What is wrong with an object; nothing where it is right. */
export function complaints(object: KubernetesObject): string[] {
  const kind = `${object.apiVersion} ${object.kind}`;
  const wrong = Object.entries(object.metadata.labels ?? {}).flatMap(([key, value]) =>
    label.test(value) ? [] : [`the label ${key} is ${JSON.stringify(value)}`],
  );
  if (!objectName.test(object.metadata.name)) wrong.push(`its name is ${object.metadata.name}`);
  const validate = ofKserve.get(kind);
  if (validate) {
    validate(object);
    return [...wrong, ...(validate.errors ?? []).map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)]; // biome-ignore format: one line
  }
  const found = kinds[kind];
  if (!found) return [`${kind} is not known here`];
  const [KindModel, type] = found;
  try {
    new KindModel(object as never).validate();
  } catch (e) {
    wrong.push((e as Error).message);
  }
  return [...wrong, ...(type === undefined ? [] : unknownFields(object, type, ''))];
}
