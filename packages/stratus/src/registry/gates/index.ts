import { fail, lookUp } from '@stratus/core';
import type { Json } from '../../store/index.ts';
import type { Evaluate, Gate, GateResult, Subject } from './gate.ts';
import { latencyGate } from './latency.ts';
import { type MetricRule, metricGate } from './metric.ts';
import { signatureGate } from './signature.ts';
import { sizeGate } from './size.ts';

export type { Evaluate, GateResult, Subject } from './gate.ts';
export type { MetricRule } from './metric.ts';

/** What a version has to pass before an alias moves to it. What is left out is not asked for. */
export interface GateRules {
  readonly metric?: MetricRule;
  /** The median time of an answer to one sample, in milliseconds, on the machine that promotes. */
  readonly latencyMs?: number;
  readonly maxBytes?: number;
  /** Clients of the version that the alias has now can go on as they are. */
  readonly signatureCompatible?: true;
}

const gates: { readonly [K in keyof Required<GateRules>]: Gate<NonNullable<GateRules[K]>> } = {
  metric: metricGate,
  latencyMs: latencyGate,
  maxBytes: sizeGate,
  signatureCompatible: signatureGate,
};

type Declared = readonly (readonly [gate: Gate<unknown>, rule: unknown])[];

const declared = (rules: GateRules): Declared =>
  Object.entries(rules)
    .filter(([, rule]) => rule !== undefined)
    .map(([name, rule]) => [lookUp('gate', gates, name) as Gate<unknown>, rule] as const);

/** Checks rules that came from outside. Errors: `unknown-name`, `bad-value`. */
export function checkRules(rules: GateRules): Json {
  for (const [gate, rule] of declared(rules)) {
    const want = typeof rule === 'object' && rule === null ? 'a rule' : gate.fault(rule);
    if (want !== undefined) throw fail('bad-value', { what: 'a gate', got: JSON.stringify(rule), want });
  }
  return JSON.parse(JSON.stringify(rules)) as Json;
}

/** What rules ask for, in words, one gate each. */
export const describeRules = (rules: GateRules): string[] =>
  declared(rules).map(([gate, rule]) => `${gate.title(rule)}: ${gate.asks(rule)}`);

/** Asks every gate. One that cannot be asked is not passed. */
export async function checkGates(
  rules: GateRules,
  candidate: Subject,
  current: Subject | undefined,
  { onGate, ...tools }: { readonly evaluate: Evaluate; readonly onGate: (result: GateResult) => void },
): Promise<GateResult[]> {
  const results: GateResult[] = [];
  for (const [gate, rule] of declared(rules)) {
    const title = gate.title(rule);
    const finding = await gate.check(rule, candidate, current, tools).catch((e: unknown) => ({
      passed: false,
      got: `it could not be checked: ${(e as Error).message.replace(/\.$/, '')}`,
      want: '',
    }));
    results.push({ gate: title, ...finding });
    onGate(results.at(-1)!);
  }
  return results;
}
