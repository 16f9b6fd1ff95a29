/** An input or an output, as clients see it. */
export interface PortForm {
  readonly name: string;
  readonly dtype: string;
  /** Sizes that are known only at run time as texts; null where not even the number of axes is known. */
  readonly shape: readonly (number | string)[] | null;
}

/** What clients give, and what they get. */
export interface SignatureForm {
  readonly inputs: readonly PortForm[];
  readonly outputs: readonly PortForm[];
}

const isPort = (x: unknown): x is PortForm => {
  const { name, dtype, shape } = (x ?? {}) as Partial<PortForm>;
  return typeof name === 'string' && typeof dtype === 'string' && (shape === null || Array.isArray(shape));
};

/** What a registry says of a version, where it is a signature: whoever registers one may say anything. */
export function signatureIn(said: unknown): SignatureForm | undefined {
  const { inputs, outputs } = (said ?? {}) as Partial<SignatureForm>;
  const isList = (ports: unknown): ports is PortForm[] => Array.isArray(ports) && ports.every(isPort);
  return isList(inputs) && isList(outputs) ? { inputs, outputs } : undefined;
}

const shown = ({ dtype, shape }: PortForm): string => `${dtype} [${shape === null ? '…' : shape.join(', ')}]`;

/** Whether everything of `narrow` is also in `wide`: a size that is open takes every number. */
const covers = (wide: PortForm, narrow: PortForm): boolean =>
  wide.dtype === narrow.dtype &&
  (wide.shape === null ||
    (narrow.shape !== null &&
      wide.shape.length === narrow.shape.length &&
      wide.shape.every((d, i) => typeof d === 'string' || d === narrow.shape![i])));

/**
 * Why clients of `now` could not use `next`; undefined where they can. Gates of promotions ask it, and traffic rules, which send one client to several versions. With
 * `answers: false` it is about what clients give alone: nobody gets what a shadow says.
 */
export function incompatibility(
  now: SignatureForm,
  next: SignatureForm,
  { answers = true }: { readonly answers?: boolean } = {},
): string | undefined {
  const find = (ports: readonly PortForm[], name: string): PortForm | undefined => ports.find((port) => port.name === name);
  for (const port of next.inputs)
    if (!find(now.inputs, port.name)) return `it asks for the input '${port.name}', which clients do not give`;
  for (const port of now.inputs) {
    const own = find(next.inputs, port.name);
    if (!own) return `it does not take the input '${port.name}'`;
    if (!covers(own, port)) return `its input '${port.name}' is ${shown(own)} and not ${shown(port)}`;
  }
  if (!answers) return undefined;
  for (const port of now.outputs) {
    const own = find(next.outputs, port.name);
    if (!own) return `it lacks the output '${port.name}'`;
    if (!covers(port, own)) return `its output '${port.name}' is ${shown(own)} and not ${shown(port)}`;
  }
  return undefined;
}
