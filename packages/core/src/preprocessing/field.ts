import type { Chunk } from '../data/index.ts';
import { fail, StratusError } from '../errors.ts';
import type { Layer } from '../nn/index.ts';
import { lookUp } from '../suggest.ts';
import { type DType, dtypes, sizeOf, Tensor } from '../tensor/index.ts';
import { type Form, numbersOf, showForm, type Values } from './form.ts';
import type { Observed } from './observe.ts';
import { readValues } from './read-values.ts';
import { type Context, isFitted, type Step, type StepSpec, type StepType } from './step.ts';
import * as knownSteps from './steps/index.ts';

/** A field of records and what is done to it, as plain data. */
export interface FieldConfig extends Observed {
  readonly field: string;
  /** The input of the graph that takes it. */
  readonly feed: string;
  readonly steps: readonly Step[];
}

/** The declaration behind a step. Errors: `unknown-name`. */
export const specOf = ({ type }: Step): StepSpec<object> =>
  lookUp('preprocessing step', knownSteps as unknown as Readonly<Record<string, StepType>>, type).spec;

/** What steps say about a value names the field too. */
export function inField<T>(field: string, work: () => T): T {
  const named = (e: unknown): never => {
    if (!StratusError.is(e) || e.code !== 'bad-value') throw e;
    const { what, at, ...rest } = e.details as { what?: string; at?: string };
    if (at === field) throw e;
    throw fail('bad-value', { ...rest, what: what ?? 'step', at: at === undefined ? field : `${field}, ${at}` } as never, e);
  };
  try {
    const made = work();
    return made instanceof Promise ? (made.catch(named) as T) : made;
  } catch (e) {
    return named(e);
  }
}

/** A field with its steps ready to be used; all that comes before the first step that is not fitted. */
export class Field {
  readonly config: FieldConfig;
  /** What comes out of each step, and first what goes in. */
  readonly forms: readonly Form[];
  readonly #specs: readonly StepSpec<object>[];
  readonly #apply: readonly ((values: Values, context: Context) => Values | Promise<Values>)[];

  /** Errors: `bad-value` for steps that do not fit together, `unknown-name` for ones that do not exist. */
  constructor(config: FieldConfig) {
    this.config = config;
    this.#specs = config.steps.map(specOf);
    const ready = config.steps.findIndex((step, i) => !isFitted(this.#specs[i]!, step));
    const forms = [formOf(config)];
    const apply: ReturnType<StepSpec<object>['apply']>[] = [];
    for (const [i, step] of config.steps.slice(0, ready < 0 ? undefined : ready).entries())
      inField(config.field, () => {
        const form = this.#specs[i]!.form(step.config, forms[i]!);
        apply.push(this.#specs[i]!.apply(step.config, forms[i]!));
        forms.push(form);
      });
    this.forms = forms;
    this.#apply = apply;
  }

  /** Whether nothing is left to learn. */
  get fitted(): boolean {
    return this.forms.length === this.config.steps.length + 1;
  }

  /** The step that is to learn next, and what comes to it. */
  get next(): { readonly step: Step; readonly spec: StepSpec<object>; readonly form: Form } {
    const at = this.forms.length - 1;
    return { step: this.config.steps[at]!, spec: this.#specs[at]!, form: this.forms[at]! };
  }

  /** How many steps are done on the host; the rest are layers. */
  get hostSteps(): number {
    const first = this.#specs.findIndex((spec) => spec.layer !== undefined);
    return first < 0 ? this.#specs.length : first;
  }

  /** The values after so many steps. Errors: `bad-value`, naming field and record. */
  async values(records: Chunk<unknown>, context: Context, steps = this.#apply.length): Promise<Values> {
    const { field } = this.config;
    const allowMissing = this.#specs[0]?.takesMissing ?? false;
    let values = readValues(records, this.config, { from: context.from, allowMissing });
    for (const apply of this.#apply.slice(0, steps)) {
      const before = values;
      values = await inField(field, () => apply(before, context));
    }
    return values;
  }

  /** The values after so many steps as a tensor with one row a record: numbers are rows of one. */
  async tensor(records: Chunk<unknown>, context: Context, steps?: number): Promise<Tensor> {
    const values = await this.values(records, context, steps);
    const { shape, dtype } = this.rowAfter(steps ?? this.#apply.length);
    return tensorOf(values, dtype, shape);
  }

  /** What a row of `tensor` is. Errors: `bad-value` where it is no numbers. */
  rowAfter(steps: number): { readonly shape: readonly number[]; readonly dtype: DType } {
    const form = this.forms[steps]!;
    const fix: Partial<Record<Form['kind'], string>> = {
      text: 'Turn it into numbers: steps.tokenize() and steps.pad(), or steps.categories().',
      scalar: 'Turn it into numbers: steps.categories().',
      bytes: 'Decode it: steps.image({ size }).',
      list: 'Make them of one length: steps.pad().',
    };
    return inField(this.config.field, () => {
      if (form.kind in fix)
        throw fail('bad-value', { what: 'a model', got: showForm(form), want: 'numbers', fix: fix[form.kind]! });
      return numbersOf('a model', form);
    });
  }

  /** The steps that run in the graph, as layers. Errors: `bad-value` for a step after them that cannot. */
  layers(prefix: string): readonly Layer[] {
    const { steps, field } = this.config;
    const from = this.hostSteps;
    return steps.slice(from).map((step, i) =>
      inField(field, () => {
        const { layer } = this.#specs[from + i]!;
        if (layer)
          return layer(step.config, this.forms[from + i]!, `${prefix}.${step.type}${i > 0 && isTwice(steps, from + i) ? i : ''}`);
        throw fail('bad-value', {
          what: step.type,
          got: `a place after ${steps[from]!.type}, which runs in the graph`,
          want: 'steps that run in the graph last',
          fix: `Put ${step.type} before it.`,
        });
      }),
    );
  }
}

const isTwice = (steps: readonly Step[], at: number): boolean => steps.slice(0, at).some(({ type }) => type === steps[at]!.type);

function formOf({ kind, dtype, shape = [], size = 1 }: FieldConfig): Form {
  if (kind === 'number') return { kind, dtype: dtype === 'float64' ? 'float64' : 'float32' };
  if (kind === 'list') return { kind, size };
  if (kind === 'tensor') return { kind, dtype: dtype ?? 'float32', shape };
  return { kind };
}

/** Rows of numbers as one tensor. */
function tensorOf(values: Values, dtype: DType, shape: readonly number[]): Tensor {
  const size = sizeOf(shape);
  const data = dtypes[dtype].make(values.length * size) as Float32Array;
  if (size === 1 && !(typeof values[0] === 'object')) data.set(values as ArrayLike<number>);
  else for (let i = 0; i < values.length; i++) data.set(values[i] as ArrayLike<number>, i * size);
  return new Tensor(dtype, [values.length, ...shape], data as never);
}
