import { lookUp } from '../suggest.ts';
import type { NamedLayer } from './architecture.ts';

/** Freezes or thaws layers and parameters by name; * is any text. Errors: `unknown-name`; then nothing has changed. */
export function setTrainable(
  layers: readonly NamedLayer[],
  {
    parameters,
    names,
    trainable,
  }: { readonly parameters: readonly string[]; readonly names: readonly string[]; readonly trainable: boolean },
): void {
  const byName = new Map(layers.map(({ name, layer }) => [name, layer]));
  const known = Object.fromEntries([...byName.keys(), ...parameters].map((name) => [name, name]));
  const found = names.map((name) => {
    const matches = Object.keys(known).filter(matching(name));
    return matches.length > 0 ? matches : [lookUp('layer or parameter', known, name)];
  });
  for (const name of found.flat()) {
    const whole = byName.get(name);
    if (whole) {
      whole.trainable = trainable;
      if (trainable) whole.frozen.clear();
      continue;
    }
    const slash = name.indexOf('/');
    const [layer, own] = [byName.get(name.slice(0, slash))!, name.slice(slash + 1)];
    if (trainable && !layer.trainable) {
      // The others stay frozen, each by itself.
      layer.trainable = true;
      for (const other of parameters) if (other.startsWith(name.slice(0, slash + 1))) layer.frozen.add(other.slice(slash + 1));
    }
    if (trainable) layer.frozen.delete(own);
    else layer.frozen.add(own);
  }
  // A layer of which nothing is left to train is frozen as a whole, so that its statistics are used as they are.
  for (const [name, layer] of byName) {
    const all = parameters.filter((parameter) => parameter.startsWith(`${name}/`));
    if (all.length === 0 || !all.every((parameter) => layer.frozen.has(parameter.slice(name.length + 1)))) continue;
    layer.trainable = false;
    layer.frozen.clear();
  }
}

/** Tells whether a name fits a text in which * is any text. */
export function matching(text: string): (name: string) => boolean {
  const parts = text.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('.*')}$`);
  return (name) => pattern.test(name);
}
