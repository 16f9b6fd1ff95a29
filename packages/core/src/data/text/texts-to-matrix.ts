import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { Tensor } from '../../tensor/index.ts';

const modes = {
  binary: () => 1,
  count: (count: number) => count,
  freq: (count: number, length: number) => count / length,
  tfidf: (count: number, _: number, idf: number) => (1 + Math.log(count)) * idf,
};

/** What stands in a matrix of texts. */
export type MatrixMode = keyof typeof modes;

/** Zeros, a row a text. Errors: `bad-value` for more than an array can hold. */
export function matrix(what: string, rows: number, columns: number): Float32Array<ArrayBuffer> {
  if (rows * columns > 2 ** 30)
    throw fail('bad-value', {
      what,
      got: `${rows} texts with ${columns} columns`,
      want: 'no more than 2^30 numbers at once',
      fix: 'Give fewer texts at a time, or keep fewer words.',
    });
  return new Float32Array(rows * columns);
}

/** How often each thing occurs. */
export function countsOf<T>(things: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const thing of things) counts.set(thing, (counts.get(thing) ?? 0) + 1);
  return counts;
}

/** The matrix of sequences: a row each, a column for each number. Source: sequences_to_matrix of Keras' Tokenizer. */
export function matrixOf(
  sequences: readonly (readonly number[])[],
  columns: number,
  mode: MatrixMode,
  idf: (id: number) => number,
): Tensor<'float32'> {
  const valueOf = lookUp('mode of textsToMatrix', modes, mode);
  const data = matrix('textsToMatrix', sequences.length, columns);
  for (const [row, sequence] of sequences.entries())
    for (const [id, count] of countsOf(sequence))
      if (id < columns) data[row * columns + id] = valueOf(count, sequence.length, mode === 'tfidf' ? idf(id) : 0);
  return new Tensor('float32', [sequences.length, columns], data);
}
