import { fail } from '../errors.ts';
import { type ElementwiseKind, ownDomain, type Value } from '../graph/index.ts';
import { abs } from './abs.ts';
import { add } from './add.ts';
import { and } from './and.ts';
import type { OpCase } from './case.ts';
import { cast } from './cast.ts';
import { defineVariadicOp } from './define.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { erf } from './erf.ts';
import { exp } from './exp.ts';
import { greater } from './greater.ts';
import { greaterOrEqual } from './greater-or-equal.ts';
import { less } from './less.ts';
import { lessOrEqual } from './less-or-equal.ts';
import { max } from './max.ts';
import { min } from './min.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { normalCumulative } from './normal-cumulative.ts';
import { not } from './not.ts';
import { or } from './or.ts';
import { reciprocal } from './reciprocal.ts';
import { relu } from './relu.ts';
import { broadcastShapes } from './rules.ts';
import { sigmoid } from './sigmoid.ts';
import { sign } from './sign.ts';
import { sqrt } from './sqrt.ts';
import { sub } from './sub.ts';
import { tanh } from './tanh.ts';
import { where } from './where.ts';

/** How a program writes each kind (kernels/elementwise.c), and the same as an op. */
const kinds = {
  abs: ['a', abs],
  add: ['+', add],
  and: ['&', and],
  copy: ['c', (x: Value) => cast(x, 'float32')],
  div: ['/', div],
  equal: ['=', equal],
  erf: ['E', erf],
  exp: ['e', exp],
  greater: ['>', greater],
  greaterOrEqual: ['G', greaterOrEqual],
  less: ['<', less],
  lessOrEqual: ['L', lessOrEqual],
  max: ['M', (a: Value, b: Value) => max(a, b)],
  min: ['m', (a: Value, b: Value) => min(a, b)],
  mul: ['*', mul],
  neg: ['n', neg],
  normalCumulative: ['N', normalCumulative],
  not: ['!', not],
  or: ['|', or],
  reciprocal: ['r', reciprocal],
  relu: ['R', relu],
  sigmoid: ['S', sigmoid],
  sign: ['g', sign],
  sqrt: ['s', sqrt],
  sub: ['-', sub],
  tanh: ['t', tanh],
  where: ['?', where],
} as const satisfies Record<ElementwiseKind, readonly [string, (...ins: Value[]) => Value]>;

const byLetter = new Map(
  Object.entries(kinds).map(([kind, [letter, build]]) => [
    letter as string,
    { kind: kind as ElementwiseKind, build: build as (...ins: Value[]) => Value },
  ]),
);

/** One step of a program: makes operand `to` of operands `from`. */
export interface Instruction {
  readonly kind: ElementwiseKind;
  readonly to: number;
  readonly from: readonly number[];
}

/**
 * The most operands that a program may have: inputs, outputs, and what lies between.
 *
 * @internal
 */
export const mostOperands = 72;
const letters = 5;
const first = '0'.charCodeAt(0);
const letterOf = (operand: number): string => String.fromCharCode(first + operand);

/**
 * The text of a program, as kernels read it. An instruction that reads fewer than three operands names one of them again.
 *
 * @internal
 */
export const programText = (program: readonly Instruction[]): string =>
  program.map(({ kind, to, from: [a = 0, b = a, c = a] }) => kinds[kind][0] + [to, a, b, c].map(letterOf).join('')).join('');

/**
 * What {@link programText} wrote.
 *
 * @internal
 */
export const instructionsOf = (text: string): Instruction[] =>
  Array.from({ length: text.length / letters }, (_, i) => {
    const { kind, build } = byLetter.get(text[i * letters]!)!;
    const [to, ...from] = Array.from({ length: letters - 1 }, (_, l) => text.charCodeAt(i * letters + 1 + l) - first);
    return { kind, to: to!, from: from.slice(0, build.length) };
  });

/** @internal */
export const elementwiseOp = defineVariadicOp({
  type: 'Elementwise',
  domain: ownDomain,
  since: 1,
  attrs: { program: { kind: 'string' }, outputs: { kind: 'int' } },
  suits: ({ ins }) => ins.every((x) => x!.dtype === 'float32'),
  // The kernel goes over tiles, and over a tile with one instruction after the other.
  overwrites({ ins, attrs }, output, input) {
    const made = ins.length + output;
    let written = false;
    for (const { to, from } of instructionsOf(attrs['program'] as string)) {
      if (written && from.some((operand) => ins[operand] === input)) return false;
      written ||= to === made;
    }
    return true;
  },
  infer(ins, { outputs }) {
    const shape = ins.map((x) => x.shape).reduce((a, b) => broadcastShapes('Elementwise', a, b));
    return Array.from({ length: outputs! }, () => ({ dtype: ins[0]!.dtype, shape }));
  },
  expand(ins, { program, outputs }) {
    const values = [...(ins as readonly Value[])];
    for (const { kind, to, from } of instructionsOf(program as string))
      values[to] = (kinds[kind][1] as (...ins: Value[]) => Value)(...from.map((operand) => values[operand]!));
    return values.slice(ins.length, ins.length + (outputs as number));
  },
  grad: 'expanded',
});

/**
 * A program of elementwise ops in one pass over memory: operands are counted from 0, first the inputs, then the outputs, then what lies
 * between. Broadcasts inputs; every output has the shape that comes of all of them.
 *
 * Errors: `bad-value` for a program with more operands than a kernel keeps in the nearest cache.
 * @internal
 */
export function elementwiseProgram(ins: readonly Value[], program: readonly Instruction[], outputs: number): readonly Value[] {
  const most = Math.max(...program.flatMap(({ to, from }) => [to, ...from]));
  if (most >= mostOperands)
    throw fail('bad-value', { what: 'Elementwise', got: `${most + 1} operands`, want: `at most ${mostOperands}` });
  return elementwiseOp(ins, { program: programText(program), outputs });
}

/** @internal */
export const elementwiseCases: OpCase[] = [
  {
    name: 'all that has a slope',
    ins: [[2, 3], [3], [2, 1]],
    domain: [0.5, 1.5],
    float32: 'what it is for',
    build: (x, y, z) =>
      elementwiseProgram(
        [x!, y!, z!],
        [
          { kind: 'mul', to: 5, from: [0, 1] },
          { kind: 'add', to: 5, from: [5, 2] },
          { kind: 'tanh', to: 3, from: [5] },
          { kind: 'exp', to: 6, from: [1] },
          { kind: 'div', to: 6, from: [3, 6] },
          { kind: 'sqrt', to: 5, from: [5] },
          { kind: 'sub', to: 4, from: [6, 5] },
        ],
        2,
      ),
    torch: '(torch.tanh(a * b + c), torch.tanh(a * b + c) / torch.exp(b) - torch.sqrt(a * b + c))',
  },
];
