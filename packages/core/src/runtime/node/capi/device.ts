import { portable, type Runs } from '../../../graph/index.ts';
import { type DType, type TypedArray, zeros } from '../../../tensor/index.ts';
import type { Line } from '../../line.ts';
import { type RowTensors, writeRows } from '../../row-updates.ts';
import { copyInPieces } from '../../turns.ts';
import { channelBlocks } from '../channel-blocks.ts';
import { nextTurn } from '../next-turn.ts';
import type { KernelDomain, Library } from './library.ts';
import { valueOver } from './values.ts';

/** Memory of one tensor, which kernels read and write in place. */
export interface Cell {
  /** An OrtValue over it, to be freed with ReleaseValue by whoever asked for the cell. */
  readonly value: bigint;
  /** Copies all of it to `into`. */
  read(into: TypedArray): Promise<void>;
  /** As `read`, in the calling thread and at once. */
  readNow(into: TypedArray): void;
  /** Copies `from` over it. */
  write(from: TypedArray): Promise<void>;
  /** Copies rows that were checked over some of its rows. Undefined where only all of it can be written. */
  readonly writeRows?: (update: RowTensors) => Promise<void>;
}

/** Where programs run and where held tensors live. */
export interface Device {
  readonly name: 'cpu' | 'webgpu';
  /** Sizes of blocks of channels that its convolutions may want. */
  readonly channelBlocks: readonly number[] | undefined;
  /** What everything on it stands in, where it does one thing at a time whoever asks. */
  readonly lines: readonly Line[];
  /** Which nodes it has kernels for. */
  readonly runs: Runs;
  /** See `Executor`. */
  readonly updatesRows: boolean;
  /** See `Executor`. */
  readonly updatesInPlace: number | undefined;
  /** Tells the options of a session to run there. */
  addTo(sessionOptions: bigint): void;
  /** New memory. */
  cell(dtype: DType, shape: readonly number[], dims: BigInt64Array): Cell;
}

/** Where a step was faster in two runs than with two buffers, by measurement: with 50 MB, but not with 13 (decision 0050). */
const leastInPlace = 32 * 2 ** 20;

/** The processor, with kernels of our own where there are some, and memory of JavaScript's. */
export const cpu = (library: Library, kernels: KernelDomain | undefined): Device => ({
  name: 'cpu',
  channelBlocks,
  lines: [],
  runs: kernels?.runs ?? portable,
  updatesRows: true,
  updatesInPlace: kernels && leastInPlace,
  addTo(sessionOptions) {
    if (kernels) library.call('AddCustomOpDomain', sessionOptions, kernels.domain);
  },
  cell(dtype, shape, dims) {
    const data = zeros(shape, dtype).data as TypedArray;
    return {
      value: valueOver(library, dtype, dims, data),
      read: (into) => copyInPieces(into, data, nextTurn),
      readNow: (into) => void (into as Float32Array).set(data as Float32Array),
      write: (from) => copyInPieces(data, from, nextTurn),
      writeRows: (update) => writeRows(data, update, nextTurn),
    };
  },
});
