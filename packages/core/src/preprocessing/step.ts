import { fail } from '../errors.ts';
import type { Layer } from '../nn/index.ts';
import { refuseUnknown } from '../options.ts';
import type { Form, Values } from './form.ts';

/** One step as plain data: what it is and what it knows. */
export interface Step {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Where values come from, where a step wants to know. */
export interface Context {
  /** The number of the first record, for errors. */
  readonly from: number;
  /** True for what is trained on. */
  readonly training: boolean;
  /** A number for each record that its content alone decides. */
  identities(): Uint32Array;
  /** The target of each record, as a number. */
  targets(): Float64Array;
}

/** Learns a step's numbers from the values that come to it, in any number of parts. */
export interface Learner<C> {
  add(values: Values, context: Context): void;
  /** The options, with what was learnt. Errors: `bad-value` where nothing could be. */
  done(): C;
}

/** How a step is declared. `C` is its options and what it has learnt: plain JSON. */
export interface StepSpec<C extends object> {
  readonly type: string;
  readonly options: readonly (keyof C & string)[];
  /** Options that are learnt where they are not given. */
  readonly learns?: readonly (keyof C & string)[];
  /** What it wants to read from records, as the first step of a field; what the data has, unless told. */
  readonly reads?: 'number' | 'text' | 'scalar' | 'bytes' | 'list';
  /** Whether it knows what to do with a value that is missing. */
  readonly takesMissing?: boolean;
  /** Whether learning takes the target, and so comes after the target's own steps. */
  readonly needsTarget?: boolean;
  /** Throws for options that cannot work. */
  check?(config: C): void;
  /** What comes out, given what comes in; throws for what it cannot take. */
  form(config: C, input: Form): Form;
  learn?(config: C, input: Form): Learner<C>;
  /** The values after the step, computed on the host. */
  apply(config: C, input: Form): (values: Values, context: Context) => Values | Promise<Values>;
  /** The step as a layer, where ONNX can say it: then it runs in the graph, `apply` only while later steps learn, and for targets. */
  layer?(config: C, input: Form, name: string): Layer;
}

/** A type of step: makes steps, and is what the table of steps holds. */
export interface StepType<C extends object = object> {
  (options?: Partial<C>): Step;
  readonly spec: StepSpec<C>;
}

/** Declares a type of step. Errors of what comes back: `unknown-name` for options, those of `check`. */
export function defineStep<C extends object>(spec: StepSpec<C>): StepType<C> {
  const make = (options: Partial<C> = {}): Step => {
    if (typeof options !== 'object' || options === null)
      throw fail('bad-value', { what: spec.type, got: String(options), want: 'an object of options' });
    refuseUnknown(spec.type, options, spec.options);
    const config = JSON.parse(JSON.stringify(options)) as C; // it travels in files; what has a toJSON, as tokenizers have, becomes data
    spec.check?.(config);
    return { type: spec.type, config: config as Readonly<Record<string, unknown>> };
  };
  return Object.assign(make, { spec });
}

/** Whether all that a step learns is known. */
export const isFitted = ({ learns = [] }: StepSpec<object>, { config }: Step): boolean =>
  learns.every((name) => config[name] !== undefined);
