import { foldIn, permutation, type RandomKey } from '../../tensor/index.ts';
import { after, type Chunk, listOf, piecesOf, rowsOf } from './chunk.ts';
import type { Pass, Stage } from './stage.ts';

/** How records are dealt out. */
export interface Deal<R> {
  /** The share of each part; they sum to 1. */
  readonly shares: readonly number[];
  readonly key: RandomKey;
  /** Records of different classes are dealt out apart from each other. */
  readonly classOf?: ((record: R) => unknown) | undefined;
}

/** The smallest number of records of which every share is a whole number, or 100. */
function blockOf(shares: readonly number[]): number {
  const isWhole = (size: number): boolean => shares.every((share) => Math.abs(share * size - Math.round(share * size)) < 1e-9);
  for (let size = 1; size < 100; size++) if (isWhole(size)) return size;
  return 100;
}

/**
 * Says of one record after the other which part it belongs to. Of so many records in a row (of a class) each part gets exactly its
 * share, at places that the key decides: a stream need not end before it can be split.
 */
export function dealer<R>({ shares, key, classOf }: Deal<R>): (record: R) => number {
  const size = blockOf(shares);
  let total = 0;
  const ends = shares.map((share) => Math.round((total += share) * size));
  const parts = new Map<unknown, { seen: number; salt: number; order: Uint32Array }>();
  return (record) => {
    const label = classOf?.(record);
    let own = parts.get(label);
    if (!own) parts.set(label, (own = { seen: 0, salt: parts.size, order: new Uint32Array(0) }));
    const place = own.seen++ % size;
    if (place === 0) own.order = permutation(size, foldIn(foldIn(key, own.salt), (own.seen - 1) / size));
    return ends.findIndex((end) => own.order[place]! < end);
  };
}

/** One part of a data set that is dealt out. The parts are the same in every epoch. */
export function partStage<R>(source: Stage<R>, part: number, deal: Deal<R>): Stage<R> {
  async function* own(pass: Pass): AsyncGenerator<Chunk<R>> {
    const partOf = dealer(deal);
    for await (const chunk of source.chunks(pass))
      for (const piece of piecesOf(chunk)) {
        const places: number[] = [];
        const records = deal.classOf ? listOf(piece) : undefined; // without classes nobody looks at the records
        for (let i = 0; i < piece.length; i++) if (partOf(records?.[i] as R) === part) places.push(i);
        if (places.length > 0) yield rowsOf(piece, places);
      }
  }
  return { length: undefined, chunks: (pass) => after(own({ ...pass, epoch: 0, skip: 0 }), pass.skip) };
}
