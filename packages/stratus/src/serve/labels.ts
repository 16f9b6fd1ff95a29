import { dtypes, fail, fromFloat16, lookUp, type Manifest, Tensor } from '@stratus/core';

/** Names of the classes, by output. */
export type Labels = Readonly<Record<string, readonly string[]>>;

const isTexts = (x: unknown): x is readonly string[] => Array.isArray(x) && x.every((item) => typeof item === 'string');

/** What the manifest says about the classes of outputs. Errors: `unknown-name` for a step or output that is not known, `bad-value`. */
export function readLabels(manifest: Manifest | undefined, outputs: readonly { readonly name: string }[]): Labels {
  const labels: Record<string, readonly string[]> = {};
  for (const { type, config } of manifest?.postprocessing ?? []) {
    lookUp('postprocessing step', { labels: true }, type);
    const { output, labels: texts } = config;
    lookUp('output', Object.fromEntries(outputs.map((port) => [port.name, port])), String(output));
    if (!isTexts(texts))
      throw fail('bad-value', {
        what: `the labels of the output '${String(output)}'`,
        got: typeof texts,
        want: 'a list of texts',
      });
    labels[String(output)] = texts;
  }
  return labels;
}

/**
 * The `count` best classes of each row, best first, as `value:index:label` texts: the classification extension of the protocol.
 * One number that has two labels is the probability of the second class.
 * Source: Triton Inference Server, extension_classification.md; numbers with six decimals, as it writes them.
 */
export function classify(
  { dtype, shape, data }: Tensor,
  count: number,
  { batched, labels }: { readonly batched: boolean; readonly labels?: readonly string[] | undefined },
): Tensor {
  const rows = batched ? shape[0]! : 1;
  const width = rows === 0 ? 0 : data.length / rows;
  const isBinary = width === 1 && labels?.length === 2;
  const classes = isBinary ? 2 : width;
  const best = Math.min(count, classes);
  const numberAt = (at: number): number => (dtype === 'float16' ? fromFloat16(Number(data[at])) : Number(data[at]));
  const isFloat = dtypes[dtype].kind === 'float';
  const texts: string[] = [];
  for (let row = 0; row < rows; row++) {
    const start = row * width;
    const values = isBinary
      ? [1 - numberAt(start), numberAt(start)]
      : Array.from({ length: width }, (_, i) => numberAt(start + i));
    const ranks = values.map((x) => (Number.isNaN(x) ? Number.NEGATIVE_INFINITY : x));
    const order = [...values.keys()].sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a]! < ranks[b]! ? 1 : -1));
    for (const i of order.slice(0, best)) {
      const value = isFloat ? values[i]!.toFixed(6) : String(isBinary ? values[i] : data[start + i]);
      texts.push(`${value}:${i}${labels?.[i] === undefined ? '' : `:${labels[i]}`}`);
    }
  }
  return new Tensor('string', batched ? [rows, best] : [best], texts);
}
