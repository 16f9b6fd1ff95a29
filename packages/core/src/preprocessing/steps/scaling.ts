import { type ColumnSummary, columnSummary } from '../../data/index.ts';
import { fail } from '../../errors.ts';
import { normalization, type PerFeature } from '../../nn/index.ts';
import { type Form, numbersOf, type Values } from '../form.ts';
import { defineStep, type StepType } from '../step.ts';

/** How a step that subtracts and divides is declared. `L`: what it learns of each feature. */
interface ScalingSpec<C extends object, L extends string> {
  readonly type: string;
  readonly learns: readonly L[];
  readonly options?: readonly (keyof C & string)[];
  /** Of these, which are never below 0. */
  readonly sizes?: readonly L[];
  check?(config: C): void;
  learn(seen: ColumnSummary): Readonly<Record<L, number>>;
  /** What is subtracted from a feature, and by what it is divided then. */
  scale(learnt: Readonly<Record<L, number>>, config: C): { readonly center: number; readonly width: number };
}

/** The numbers of one feature of each record. */
const featureOf = (values: Values, feature: number, single: boolean): Float64Array =>
  Float64Array.from(values, (x) => Number(single ? x : (x as ArrayLike<number>)[feature]));

/** Declares a step `(x - center) / width`, for numbers or rows of them, with learnt numbers for each feature. */
export function defineScaling<L extends string, C extends { readonly [K in L]?: PerFeature | undefined }>(
  spec: ScalingSpec<C, L>,
): StepType<C> {
  const width = (input: Form): number => {
    const { shape } = numbersOf(spec.type, input);
    if (shape.length === 1) return shape[0]!;
    throw fail('bad-value', {
      what: spec.type,
      got: `numbers of shape [${shape.join(', ')}]`,
      want: 'a number, or a row of them',
      fix: 'For images, put rescaling({ scale: 1 / 255 }) at the head of the model.',
    });
  };
  const linear = (config: C): { center: PerFeature; width: PerFeature } => {
    const at = (feature: number) =>
      spec.scale(
        Object.fromEntries(
          spec.learns.map((name) => {
            const numbers = config[name] as PerFeature;
            return [name, typeof numbers === 'number' ? numbers : numbers[feature]!];
          }),
        ) as Record<L, number>,
        config,
      );
    const first = config[spec.learns[0]!] as PerFeature;
    if (typeof first === 'number') return at(0);
    const features = first.map((_, i) => at(i));
    return { center: features.map(({ center }) => center), width: features.map((f) => f.width) };
  };
  const pick = (numbers: PerFeature, i: number): number => (typeof numbers === 'number' ? numbers : numbers[i]!);
  return defineStep<C>({
    type: spec.type,
    options: [...spec.learns, ...(spec.options ?? [])],
    learns: spec.learns,
    check(config) {
      for (const name of spec.learns)
        for (const x of [config[name] === undefined ? [] : config[name]].flat() as number[])
          if (!Number.isFinite(x) || (spec.sizes?.includes(name) && x < 0))
            throw fail('bad-value', {
              what: spec.type,
              got: `${name} = ${String(x)}`,
              want: spec.sizes?.includes(name) ? 'finite numbers of at least 0' : 'finite numbers',
            });
      spec.check?.(config);
    },
    form(_, input) {
      const features = width(input);
      const { dtype } = numbersOf(spec.type, input);
      const float = dtype === 'float64' ? 'float64' : 'float32';
      return input.kind === 'number' ? input : { kind: 'tensor', dtype: float, shape: [features] };
    },
    learn(config, input) {
      const single = input.kind !== 'tensor';
      const seen = Array.from({ length: width(input) }, () => columnSummary());
      return {
        add(values) {
          for (const [i, feature] of seen.entries()) feature.addAll(featureOf(values, i, single));
        },
        done() {
          if (seen.some((feature) => feature.count === 0))
            throw fail('bad-value', {
              what: spec.type,
              got: 'no number at all',
              want: 'some to learn from',
              fix: 'Leave the field out.',
            });
          const each = seen.map((feature) => spec.learn(feature));
          const learnt = spec.learns.map((name) => {
            const numbers = each.map((one) => one[name]);
            return [name, config[name] ?? (single ? numbers[0]! : numbers)];
          });
          return { ...config, ...Object.fromEntries(learnt) };
        },
      };
    },
    apply(config, input) {
      const { center, width } = linear(config);
      const scaled = (x: number, i: number): number => (x - pick(center, i)) / pick(width, i);
      if (input.kind !== 'tensor') return (values) => Float64Array.from(values, (x) => scaled(x as number, 0));
      return (values) => Array.from(values, (row) => Float64Array.from(row as ArrayLike<number>, scaled));
    },
    layer(config, _, name) {
      const { center, width } = linear(config);
      const variance = typeof width === 'number' ? width ** 2 : width.map((w) => w ** 2);
      return normalization({ mean: center, variance, name });
    },
  });
}
