// The gradient of a Scan: another Scan that goes from the last step to the first. Its body is the gradient of one step.
//
// What a step back needs of the step forward (residuals) is stacked by the loop forward. That loop exists already, so a second node
// is built that stacks more, and the two become one before they run (`join`). Nothing runs twice.
//
// The cotangent of a captured value (a weight) is a sum over all steps. It is not added up step by step where it can be
// made of stacks after the loop: ops say how (`sumSteps`); a product of matrices becomes one product over all steps.
//
// Source: Werbos, Backpropagation through time (1990); jax.lax.scan.
import {
  type Attrs,
  atPath,
  constant,
  dependsOn,
  type GradientContext,
  graphInput,
  substitute,
  toposort,
  type Value,
} from '../graph/index.ts';
import { full, isFloat } from '../tensor/index.ts';
import { add } from './add.ts';
import { expandLike } from './expand.ts';
import { type ScanParts, type ScanPlan, type Steps, scanParts } from './scan-parts.ts';
import { StepStacks } from './scan-stacks.ts';

/** How Scans are made: any, and this one again with other attributes. */
export interface ScanMakers {
  readonly build: (plan: ScanPlan) => { readonly states: readonly Value[]; readonly stacks: readonly Value[] };
  readonly again: (attrs: Attrs) => readonly Value[];
}

/** What a Scan's gradient rule is told. */
export interface ScanContext extends Omit<GradientContext, 'ins'> {
  readonly ins: readonly Value[];
}

/** The cotangents of a Scan's inputs. */
export function scanGradient(context: ScanContext, { build, again }: ScanMakers): (Value | null)[] {
  const { ins, outs, douts, attrs, given } = context;
  const parts = scanParts(ins.length, attrs);
  const { body, results, states, reads, stacks } = parts;
  const inner = body.inputs;
  const { seeds, back } = differentiateStep(parts, context);
  const wanted = new StepStacks(parts, ins, seeds);
  const result: (Value | null)[] = ins.map(() => null);
  const backwards = ({ axis, direction }: Steps): Steps => ({ axis, direction: 1 - direction });

  // Placeholders first: what the loops are to stack and to add up follows from what is made of it.
  const odd: (Steps & { readonly i: number; readonly each: Value })[] = [];
  for (const [k, steps] of reads.entries()) {
    const each = back.get(inner[states + k]!);
    if (!each) continue;
    if (wanted.fits(steps)) result[states + k] = wanted.all(each);
    else odd.push({ i: states + k, each, ...backwards(steps) });
  }
  const captured = inner.flatMap((v, i) => (i >= states + reads.length && back.has(v) ? [{ i, term: back.get(v)! }] : []));
  // Matrices decide what is stacked, biases make use of it.
  for (const { i, term } of captured.toSorted((a, b) => b.term.shape.length - a.term.shape.length)) result[i] = wanted.sum(term);

  const carried = seeds.slice(0, states).flatMap((seed, i) => {
    if (!seed) return [];
    const next = back.get(inner[i]!) ?? expandLike(zero(seed), seed);
    return [{ i, seed, next, initial: given[i] ? douts[i]! : expandLike(zero(seed), ins[i]!) }];
  });
  const { late, early, added } = wanted;
  const roots = [
    ...carried.map(({ next }) => next),
    ...added.map(({ term }) => term),
    ...odd.map(({ each }) => each),
    ...late.keys(),
  ];
  const { residuals, around } = wanted.needs(roots);

  // The loop forward again, with more stacks.
  const saved = new Map<Value, Value>();
  const more: Value[] = [];
  for (const v of new Set([...residuals, ...early.keys()])) {
    const read = inner.indexOf(v) - states;
    const stack = stacks.findIndex((steps, j) => wanted.fits(steps) && results[states + j] === v);
    if (read >= 0 && read < reads.length && wanted.fits(reads[read]!)) saved.set(v, ins[states + read]!);
    else if (stack >= 0) saved.set(v, outs[states + stack]!);
    else more.push(v);
  }
  if (more.length > 0) {
    const all = [...stacks, ...more.map(() => wanted.steps)];
    const stacked = again({
      ...attrs,
      body: { ...body, outputs: { ...body.outputs, ...named(more, body.outputs) } },
      scan_output_axes: all.map(({ axis }) => axis),
      scan_output_directions: all.map(({ direction }) => direction),
    });
    for (const [k, v] of more.entries()) saved.set(v, stacked[results.length + k]!);
  }

  // The loop back, on inputs of its own in place of what the loop forward had.
  const fresh = new Map(residuals.map((v, i) => [v, graphInput(`saved_${i}`, v.shape, v.dtype)]));
  const moved = atPath('', () => substitute(roots, new Map([...around, ...fresh])));
  const reached = new Set([...moved, ...toposort(moved).flatMap((node) => node.ins)]);
  const candidates = [
    ...stacks.map((steps, j) => ({ all: douts[states + j]!, inner: seeds[states + j], ...backwards(steps) })),
    ...residuals.map((v) => ({ all: saved.get(v)!, inner: fresh.get(v), ...backwards(wanted.steps) })),
  ];
  const used = candidates.flatMap((read) => (read.inner && reached.has(read.inner) ? [{ ...read, inner: read.inner }] : []));
  const clock = { all: ins[states]!, inner: graphInput('step', inner[states]!.shape, inner[states]!.dtype), ...reads[0]! };
  const take = moved.values();
  const next = (): Value => take.next().value!;
  const done = build({
    states: [
      ...carried.map(({ seed, initial }) => ({ initial, inner: seed, next: next() })),
      ...added.map(({ from }, i) => {
        const sum = graphInput(`sum_${i}`, from.shape, from.dtype);
        return { initial: from, inner: sum, next: add(sum, next()) };
      }),
    ],
    reads: used.length > 0 ? used : [clock],
    stacks: [
      ...odd.map((steps) => ({ ...steps, each: next() })),
      ...Array.from(late, () => ({ ...backwards(wanted.steps), each: next() })),
    ],
  });

  // Results in the place of the placeholders.
  const real = new Map<Value, Value>();
  for (const [v, placeholder] of early) real.set(placeholder, saved.get(v)!);
  for (const [k, placeholder] of [...late.values()].entries()) real.set(placeholder, done.stacks[odd.length + k]!);
  for (const [k, { placeholder }] of added.entries()) real.set(placeholder, done.states[carried.length + k]!);
  const filled = result.flatMap((v, i) => (v ? [{ v, i }] : []));
  const values = atPath('', () =>
    substitute(
      filled.map(({ v }) => v),
      real,
    ),
  );
  for (const [k, { i }] of filled.entries()) result[i] = values[k]!;
  for (const [k, { i }] of carried.entries()) result[i] = done.states[k]!;
  for (const [k, { i }] of odd.entries()) result[i] = done.stacks[k]!;
  return result;
}

const zero = (like: Value): Value => constant(full([], 0, like.dtype));

/** Names for further results of a step. */
function named(values: readonly Value[], taken: Readonly<Record<string, Value>>): Record<string, Value> {
  const start = Object.keys(taken).filter((name) => name.startsWith('kept_')).length;
  return Object.fromEntries(values.map((v, i) => [`kept_${start + i}`, v]));
}

/** The gradient of one step: cotangents of the body's inputs, made of `seeds`, the cotangents of its results. */
function differentiateStep(
  { body, results, states }: ScanParts,
  { wanted, given, pullBack }: ScanContext,
): { readonly seeds: readonly (Value | undefined)[]; readonly back: ReadonlyMap<Value, Value> } {
  const inner = body.inputs;
  // A state that depends on what has to be differentiated has to be differentiated itself.
  const sought = new Set(inner.filter((v, i) => wanted[i] && isFloat(v.dtype)));
  for (let before = -1; before < sought.size; ) {
    before = sought.size;
    const varies = dependsOn(sought);
    for (const [i, v] of inner.slice(0, states).entries()) if (isFloat(v.dtype) && varies(results[i]!)) sought.add(v);
  }
  const seedOf = ({ shape, dtype }: Value, i: number): Value =>
    graphInput(i < states ? `dnext_${i}` : `doutput_${i - states}`, shape, dtype);
  const seeds = results.map((v, i) =>
    given[i] && isFloat(v.dtype) && (i >= states || sought.has(inner[i]!)) ? seedOf(v, i) : undefined,
  );
  // A state has a cotangent if it has one after the last step, or if a later step hands one back.
  for (;;) {
    const wrt = [...sought];
    const back = new Map<Value, Value>();
    for (const [k, cotangent] of pullBack(results, seeds, wrt).entries()) if (cotangent) back.set(wrt[k]!, cotangent);
    const missing = inner.slice(0, states).flatMap((v, i) => (back.has(v) && !seeds[i] ? [i] : []));
    if (missing.length === 0) return { seeds, back };
    for (const i of missing) seeds[i] = seedOf(results[i]!, i);
  }
}
