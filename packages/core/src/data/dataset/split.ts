import { fail } from '../../errors.ts';
import { foldIn, permutation, type RandomKey } from '../../tensor/index.ts';
import { after, type Chunk, rowsOf } from './chunk.ts';
import { listOf, piecesOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** What a record's class is, as something that is equal to itself. Errors: `bad-value`. */
export function classLabel(what: string, label: unknown): unknown {
  if (label === undefined || (typeof label === 'object' && label !== null))
    throw fail('bad-value', {
      what,
      got: label === undefined ? 'a record without a class' : 'a class that is a list or a record',
      want: 'a number, a text or a truth value',
      fix: 'Give a function: for one-hot rows, ({ y }) => y.indexOf(1).',
    });
  return label;
}

/** How records are dealt out. */
export interface Deal<R> {
  /** The share of each part; they sum to 1. */
  readonly shares: readonly number[];
  readonly key: RandomKey;
  /** Records of different classes are dealt out apart from each other. */
  readonly classOf?: ((record: R) => unknown) | undefined;
}

const largestBlock = 10_000;

/** The smallest number of records of which every share is a whole number, or the largest that is tried. Errors: `bad-value` for a share of none. */
function blockOf(shares: readonly number[]): number {
  const isWhole = (size: number): boolean => shares.every((share) => Math.abs(share * size - Math.round(share * size)) < 1e-9);
  for (let size = 1; size < largestBlock; size++) if (isWhole(size)) return size;
  const none = shares.find((share) => share * largestBlock < 0.5);
  if (none !== undefined)
    throw fail('bad-value', { what: 'split', got: `a share of ${none}`, want: `at least one of ${largestBlock} records` });
  return largestBlock;
}

/**
 * Says of one record after the other which part it belongs to. Of so many records in a row (of a class) each part gets exactly its
 * share, at places that the key decides: a stream need not end before it can be split.
 */
function dealer<R>({ shares, key, classOf }: Deal<R>): (record: R) => number {
  const size = blockOf(shares);
  let total = 0;
  const ends = shares.map((share) => Math.round((total += share) * size));
  const parts = new Map<unknown, { seen: number; salt: number; order: Uint32Array }>();
  return (record) => {
    const label = classOf && classLabel('split', classOf(record));
    let own = parts.get(label);
    if (!own) parts.set(label, (own = { seen: 0, salt: parts.size, order: new Uint32Array(0) }));
    const place = own.seen++ % size;
    if (place === 0) own.order = permutation(size, foldIn(foldIn(key, own.salt), (own.seen - 1) / size));
    return ends.findIndex((end) => own.order[place]! < end);
  };
}

/** One part of a data set that is dealt out. The parts are the same in every epoch. */
export function partStage<R>(source: Stage<R>, part: number, deal: Deal<R>): Stage<R> {
  // Without classes nobody has to look at the records to know which are in this part.
  if (source.pick && source.length !== undefined && !deal.classOf) return pickedPart(source, part, deal);
  async function* own(pass: Pass): AsyncGenerator<Chunk<R>> {
    const partOf = dealer(deal);
    for await (const chunk of source.chunks(pass))
      for (const piece of piecesOf(chunk)) {
        const places: number[] = [];
        const records = deal.classOf ? listOf(piece) : undefined;
        for (let i = 0; i < piece.length; i++) if (partOf(records?.[i] as R) === part) places.push(i);
        if (places.length > 0) yield rowsOf(piece, places);
      }
  }
  return { length: undefined, chunks: (pass) => after(own({ ...pass, epoch: 0, skip: 0 }), pass.skip) };
}

/** A part whose places are known: it can be shuffled whole, before anything is made of it. */
function pickedPart<R>({ length, pick }: Stage<R>, part: number, deal: Deal<R>): Stage<R> {
  const partOf = dealer(deal);
  const own = Uint32Array.from(Array.from({ length: length! }, (_, i) => i).filter(() => partOf(undefined as R) === part));
  return {
    length: own.length,
    chunks: (pass) => pick!(own.subarray(pass.skip), { ...pass, epoch: 0 }),
    pick: (indices, pass) =>
      pick!(
        indices.map((i) => own[i]!),
        { ...pass, epoch: 0 },
      ),
  };
}
