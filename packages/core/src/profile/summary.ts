import { type Call, callsOf } from './calls.ts';
import type { KernelPhase, Recording } from './recording.ts';

/**
 * Where the time of a step goes. `data`: waiting for the batch. `forward`, `backward`, `update`: in kernels. `engine`: in ONNX Runtime, but in
 * no kernel. `host`: calls into the engine, copies, sums. `callbacks`: they and checkpoints.
 */
export type Phase = 'data' | KernelPhase | 'engine' | 'host' | 'callbacks';

export const phases: readonly Phase[] = ['data', 'forward', 'backward', 'update', 'engine', 'host', 'callbacks'];

/** A part of a step: milliseconds of a mean step, and their share of it. */
export interface PhaseTime {
  readonly phase: Phase;
  readonly ms: number;
  readonly share: number;
}

/** All calls of one kernel, in a mean step. */
export interface KernelTime {
  /** The node's name in the model. */
  readonly name: string;
  /** The op that ran: the engine may have made another of it. */
  readonly op: string;
  /** A path; empty for what belongs to no layer. */
  readonly layer: string;
  readonly phase: KernelPhase;
  readonly calls: number;
  /** Milliseconds, without those of the kernels that it calls. */
  readonly ms: number;
  readonly share: number;
  /** Floating-point operations; undefined where they are not known. */
  readonly flops: number | undefined;
}

/** What is left of a recording when it is added up. */
export interface Summary {
  readonly stepMs: number;
  readonly phases: readonly PhaseTime[];
  readonly kernels: readonly KernelTime[];
  readonly engineBytes: number | undefined;
}

const plus = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a + b;

/** Adds a recording up. What is in no kernel is what is left of the time, so that all parts together are the steps. */
export function summarize({ steps, placeOf }: Recording): Summary {
  const laps = { data: 0, run: 0, host: 0, callbacks: 0 };
  const inKernels = { forward: 0, backward: 0, update: 0 };
  const kernels = new Map<string, { first: Call; calls: number; us: number; flops: number | undefined }>();
  let inRuns = 0;
  let engineBytes: number | undefined;
  for (const step of steps) {
    for (const { part, ms } of step.laps) laps[part] += ms;
    for (const recorded of step.runs) {
      inRuns += recorded.run.duration / 1000;
      for (const call of callsOf(recorded, placeOf)) {
        inKernels[call.place.phase] += call.self / 1000;
        if (call.peakBytes !== undefined) engineBytes = Math.max(engineBytes ?? 0, call.peakBytes);
        const key = `${call.name}\n${call.op}`;
        const sum = kernels.get(key);
        if (!sum) kernels.set(key, { first: call, calls: 1, us: call.self, flops: call.flops });
        else {
          sum.calls++;
          sum.us += call.self;
          sum.flops = plus(sum.flops, call.flops);
        }
      }
    }
  }
  const wall = laps.data + laps.run + laps.host + laps.callbacks;
  const engine = inRuns - inKernels.forward - inKernels.backward - inKernels.update;
  const total = { ...inKernels, data: laps.data, engine, host: laps.host + laps.run - inRuns, callbacks: laps.callbacks };
  const [count, share] = [Math.max(1, steps.length), (ms: number): number => (wall === 0 ? 0 : ms / wall)];
  return {
    stepMs: wall / count,
    phases: phases.map((phase) => ({ phase, ms: total[phase] / count, share: share(total[phase]) })),
    kernels: [...kernels.values()]
      .map(({ first: { name, op, place }, calls, us, flops }) => ({
        name,
        op,
        layer: place.layer,
        phase: place.phase,
        calls: calls / count,
        ms: us / 1000 / count,
        share: share(us / 1000),
        flops: flops === undefined ? undefined : flops / count,
      }))
      .sort((a, b) => b.ms - a.ms),
    engineBytes,
  };
}
