// Wrong gradient rules, to show that the checks see them.
import { type Op, toposort, type Value } from '../../src/graph/index.ts';
import { mul, stopGradient } from '../../src/ops/index.ts';
import { buildRow } from './build-row.ts';
import type { Row } from './op-rows.ts';

/** What is wrong with a rule. */
export interface Fault {
  readonly name: string;
  /** Changes the term of the input at this position. */
  readonly spoil: (term: Value, input: number) => Value;
}

/** The op with a wrong gradient rule. */
export function spoiled(op: Op, { spoil }: Fault): Op {
  const rule = op.gradient;
  if (typeof rule === 'string') throw new TypeError(`${op.type} has no rule to spoil`);
  return {
    ...op,
    gradient: (context) => {
      const terms = rule(context);
      return terms === 'expanded' ? terms : terms.map((term, i) => term && spoil(term, i));
    },
  };
}

/** Two faults of the term of one input. */
export const faultsOf = (input: number): Fault[] => [
  { name: `term ${input} is 1 % too large`, spoil: (term, i) => (i === input ? mul(term, 1.01) : term) },
  // Not only the sign: a case may go through the op twice.
  { name: `term ${input} has the wrong sign`, spoil: (term, i) => (i === input ? mul(term, -2) : term) },
];

/** A fault that only second derivatives can show. */
export const notDifferentiable: Fault = {
  name: 'terms are constants to second derivatives',
  spoil: (term) => stopGradient(term),
};

/** Which inputs of an op a row differentiates: those that depend on a float input of the row and get a term. */
export function inputsReached(row: Row, op: Op): number[] {
  const reached = new Set<number>();
  const seen = (node: { readonly ins: readonly (Value | undefined)[] }, terms: readonly (Value | null)[]): void => {
    node.ins.forEach((v, i) => {
      if (v && terms[i] && (isInput(v) || toposort([v]).some(({ ins }) => ins.some((x) => x && isInput(x))))) reached.add(i);
    });
  };
  const isInput = (v: Value): boolean => !v.node && !v.data && v.dtype === 'float32';
  const rule = op.gradient;
  if (typeof rule === 'string') return [];
  const watched: Op = {
    ...op,
    gradient: (context) => {
      const terms = rule(context);
      if (terms !== 'expanded') seen(context, terms);
      return terms;
    },
  };
  buildRow(row, { dtype: 'float32', replace: (other) => (other === op ? watched : other) });
  return [...reached].sort();
}
