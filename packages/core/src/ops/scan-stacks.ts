import { atPath, constant, dependsOn, graphInput, type StepSum, substitute, toposort, type Value } from '../graph/index.ts';
import { type Dim, full, isFloat, isStatic } from '../tensor/index.ts';
import { expandOp } from './expand.ts';
import { reduceSum } from './reduce-sum.ts';
import type { ScanParts, Steps } from './scan-parts.ts';
import { dimsOf } from './shape.ts';

/**
 * What the gradient of a Scan wants of its loops: which values of a step have to be stacked, by the loop forward (`early`) or
 * back (`late`), and which sums are added up in the loop back. Each has a placeholder until the loops exist.
 */
export class StepStacks implements StepSum {
  /** Values of the step forward, by the placeholder of their stack. */
  readonly early = new Map<Value, Value>();
  /** Values of the step back. */
  readonly late = new Map<Value, Value>();
  /** Values that are added up step by step, starting with `from`. */
  readonly added: { readonly term: Value; readonly from: Value; readonly placeholder: Value }[] = [];
  /** How stacks lie: as the first value that the loop forward reads, so that they go together. */
  readonly steps: Steps;
  readonly #ins: readonly Value[];
  readonly #time: Dim;
  readonly #own: ReadonlySet<Value>;
  readonly #forward: ReadonlySet<Value>;
  readonly #around: ReadonlyMap<Value, Value>;
  readonly #isLate: (value: Value) => boolean;
  readonly #varies: (value: Value) => boolean;

  constructor({ body, results, states, reads }: ScanParts, ins: readonly Value[], seeds: readonly (Value | undefined)[]) {
    const own = body.inputs.slice(0, states + reads.length);
    const given = seeds.filter((v) => v !== undefined);
    this.#ins = ins;
    this.steps = { axis: 0, direction: reads[0]!.direction };
    this.#time = ins[states]!.shape.at(reads[0]!.axis)!;
    this.#own = new Set(own);
    this.#forward = new Set(toposort(results).flatMap((node) => node.outs));
    this.#around = new Map(body.inputs.slice(own.length).map((v, i) => [v, ins[own.length + i]!]));
    this.#isLate = dependsOn(given);
    this.#varies = dependsOn([...own, ...given]);
  }

  fits({ axis, direction }: Steps): boolean {
    return axis === 0 && direction === this.steps.direction;
  }

  fixed = (value: Value): Value | undefined => {
    if (value.data) return value;
    const { dims } = value;
    if (dims && value.dtype === 'int64' && value.shape.length === 1) {
      const like = this.#sized(dims);
      if (like) return dimsOf(dims, like);
    }
    return this.#varies(value) ? undefined : atPath('', () => substitute([value], this.#around))[0];
  };

  known = (value: Value): Value | undefined => this.early.get(value) ?? this.late.get(value);

  all = (value: Value): Value => {
    const known = this.known(value);
    if (known) return known;
    const placeholder = graphInput('all', [this.#time, ...value.shape], value.dtype);
    // What does not vary at all is stacked on the way back as well: there is nothing to be saved.
    (this.#varies(value) && !this.#isLate(value) ? this.early : this.late).set(value, placeholder);
    return placeholder;
  };

  after = (value: Value): Value | undefined => value.node?.op.sumSteps?.(value.node, this);

  sum = (value: Value): Value => this.after(value) ?? this.#addUp(value);

  #addUp(value: Value): Value {
    const { shape, dtype } = value;
    const like = this.#sized(shape);
    if (!like) return reduceSum(this.all(value), { axes: [0] });
    const known = this.added.find(({ term }) => term === value);
    if (known) return known.placeholder;
    const zero = constant(full([], 0, dtype));
    const from = shape.length === 0 ? zero : expandOp({ input: zero, shape: dimsOf(shape, like) }).output;
    const placeholder = graphInput('sum', shape, dtype);
    this.added.push({ term: value, from, placeholder });
    return placeholder;
  }

  /** A value outside that has all sizes of a shape that are known only at run time. */
  #sized(shape: readonly Dim[]): Value | undefined {
    if (isStatic(shape)) return this.#ins[0];
    return this.#ins.find((v) => shape.every((d) => typeof d === 'number' || v.shape.includes(d)));
  }

  /**
   * What the loop back has to be given so that it can calculate `roots`: values of the step forward, and values that are the same
   * for every step with what they are outside. What the gradient rules themselves made of residuals is calculated on the way back.
   */
  needs(roots: readonly Value[]): { readonly residuals: readonly Value[]; readonly around: ReadonlyMap<Value, Value> } {
    const residuals: Value[] = [];
    const around = new Map<Value, Value>();
    const seen = new Set<Value>();
    const open = [...roots].reverse();
    for (let value = open.pop(); value; value = open.pop()) {
      if (seen.has(value)) continue;
      seen.add(value);
      const late = this.#isLate(value);
      const fixed = late ? undefined : this.fixed(value);
      if (fixed) {
        if (fixed !== value) around.set(value, fixed);
      } else if (!late && (this.#own.has(value) || this.#forward.has(value) || !isFloat(value.dtype))) residuals.push(value);
      else for (const v of value.node?.ins ?? []) if (v) open.push(v);
    }
    return { residuals, around };
  }
}
