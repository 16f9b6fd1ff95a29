import type { Executor, Program } from '@stratus/core';

type Run = Parameters<Program['run']>;

/** One run that went by: what was compiled, and how it was called. */
export interface Recorded {
  readonly model: Uint8Array;
  /** What its second model was, if it had one. */
  readonly inPlace: Uint8Array | undefined;
  /** What the program was compiled by, so that the same model can be compiled again for what it holds. */
  readonly executor: Executor;
  readonly program: Program;
  readonly feeds: Run[0];
  readonly options: Run[1];
}

/** An executor that remembers the last run: the way to a bare training step without anything private. */
export function recorder(executor: Executor): { readonly executor: Executor; readonly last: () => Recorded } {
  let last: Recorded | undefined;
  const recording: Executor = {
    device: executor.device,
    description: executor.description,
    ...(executor.channelBlocks && { channelBlocks: executor.channelBlocks }),
    ...(executor.runs && { runs: executor.runs }),
    updatesInPlace: executor.updatesInPlace,
    hold: (tensors) => executor.hold(tensors),
    release: () => executor.release(),
    async compile(model, options) {
      const program = await executor.compile(model, options);
      return {
        inputs: program.inputs,
        outputs: program.outputs,
        get engineMs() {
          return program.engineMs ?? Number.NaN;
        },
        release: () => program.release(),
        run(feeds, runOptions) {
          last = { model, inPlace: options?.inPlace, executor, program, feeds, options: runOptions };
          return program.run(feeds, runOptions);
        },
      };
    },
  };
  return {
    executor: recording,
    last() {
      if (!last) throw new Error('nothing has run yet');
      return last;
    },
  };
}
