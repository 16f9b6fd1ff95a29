// How fitted steps become a part of a model: what ONNX can say goes before its layers, the rest is done to records.
import { fail } from '../errors.ts';
import { type Architecture, architecture, features, input, type Symbolic } from '../nn/index.ts';
import type { Preprocessing } from '../preprocessing/index.ts';
import { lookUp } from '../suggest.ts';
import { sameShape, showShape } from '../tensor/index.ts';

/** A model's structure with fitted steps before it, and these with the model's own names. */
export interface Preprocessed {
  readonly architecture: Architecture;
  readonly preprocessing: Preprocessing;
}

/** The names that a group of the steps has in the model: where both have one, it is that one. */
function names(kind: string, given: readonly string[], known: readonly string[]): Record<string, string> {
  if (given.length === 1 && known.length === 1) return { [given[0]!]: known[0]! };
  const table = Object.fromEntries(known.map((name) => [name, true]));
  for (const name of given) lookUp(kind, table, name);
  return {};
}

/** Puts fitted steps before a model. Errors: `unknown-name`, `shape-mismatch`, `dtype-mismatch`, naming the input; `bad-value` where an input is left out. */
export function preprocessed(model: Architecture, given: Preprocessing): Preprocessed {
  const preprocessing = given.renamed(
    names('input', Object.keys(given.fitted.features), Object.keys(model.inputs)),
    names('output', Object.keys(given.fitted.target), Object.keys(model.outputs)),
    Object.keys(model.outputs),
  );
  const left = Object.keys(model.inputs).find((name) => !Object.hasOwn(preprocessing.fitted.features, name));
  if (left !== undefined)
    throw fail('bad-value', {
      what: 'preprocess',
      at: left,
      got: 'no features for this input',
      want: 'some for every input of the model',
    });
  const heads = new Map<Symbolic, Symbolic>();
  const inputs: Record<string, Symbolic> = {};
  for (const [name, symbolic] of Object.entries(model.inputs)) {
    const prepared = preprocessing.inputs[name]!;
    const [got, want] = [prepared.shape, symbolic.shape.slice(1)];
    if (!sameShape(got, want as readonly number[]))
      throw fail('shape-mismatch', {
        what: 'preprocess',
        at: name,
        got: `features of shape ${showShape(got)}`,
        want: showShape(want),
        fix: `Begin the model with prep.input(), or input({ shape: ${showShape(got)}, dtype: '${prepared.dtype}' }).`,
      });
    const columns = Object.values(preprocessing.features[name]!).map((field) => {
      const { feed } = field.config;
      const { shape, dtype } = field.rowAfter(field.hostSteps);
      inputs[feed] = input({ shape, dtype, name: feed });
      return field.layers(feed).reduce<Symbolic>((value, layer) => layer(value), inputs[feed]!);
    });
    const [first] = columns;
    const whole = columns.length === 1 && first!.dtype === symbolic.dtype ? first! : joined(name, columns, symbolic);
    heads.set(symbolic, whole);
  }
  return { architecture: replayed(model, inputs, heads), preprocessing };
}

function joined(name: string, columns: readonly Symbolic[], { dtype }: Symbolic): Symbolic {
  if (dtype === 'float32') return features({ name: `${name}.features` })(columns.length === 1 ? columns[0]! : columns);
  throw fail('dtype-mismatch', {
    what: 'preprocess',
    at: name,
    got: `features of ${columns.map((column) => column.dtype).join(', ')}`,
    want: dtype,
    fix: 'Begin the model with prep.input(), which has the right dtype.',
  });
}

/** The same layers on other values. */
function replayed(
  model: Architecture,
  inputs: Readonly<Record<string, Symbolic>>,
  heads: ReadonlyMap<Symbolic, Symbolic>,
): Architecture {
  const made = new Map(heads);
  const valueOf = (symbolic: Symbolic): Symbolic => made.get(symbolic)!;
  // Layers that nobody named keep their names, whatever comes before them.
  for (const call of model.calls) {
    const from = call.inputs.map(valueOf);
    const result = call.layer(from.length === 1 ? from[0]! : from);
    const outputs = 'shape' in result ? [result] : result;
    for (const [i, output] of call.outputs.entries()) made.set(output, outputs[i]!);
  }
  return architecture({
    inputs,
    outputs: Object.fromEntries(Object.entries(model.outputs).map(([name, symbolic]) => [name, valueOf(symbolic)])),
    name: model.name,
  });
}
