import { rateOf } from './groups.ts';
import { type KernelTime, type PhaseTime, phases } from './summary.ts';
import { phaseTitles, showLayer } from './words.ts';

/** A block of the flame chart: what is in it lies below it, and is never more than it. */
export interface Flame {
  readonly name: string;
  /** What its colour says. */
  readonly phase: string;
  readonly ms: number;
  readonly rate: number | undefined;
  readonly calls?: number;
  readonly inside: readonly Flame[];
}

interface Growing {
  readonly inside: Map<string, Growing>;
  readonly kernels: KernelTime[];
}

const growing = (): Growing => ({ inside: new Map(), kernels: [] });

/** From a step to its parts, to layers within layers, to ops. */
export function flameOf(stepMs: number, times: readonly PhaseTime[], kernels: readonly KernelTime[]): Flame {
  const inside = phases.flatMap((phase): Flame[] => {
    const ms = times.find((time) => time.phase === phase)?.ms ?? 0;
    if (ms <= 0) return [];
    const root = growing();
    for (const kernel of kernels) {
      if (kernel.phase !== phase) continue;
      let at = root;
      for (const part of showLayer(kernel.layer).split('/')) {
        if (!at.inside.has(part)) at.inside.set(part, growing());
        at = at.inside.get(part)!;
      }
      at.kernels.push(kernel);
    }
    return [flame(phaseTitles[phase], phase, root, ms)];
  });
  return { name: 'step', phase: 'step', ms: stepMs, rate: undefined, inside };
}

function flame(name: string, phase: string, { inside, kernels }: Growing, given?: number): Flame {
  const ops = new Map<string, KernelTime[]>();
  for (const kernel of kernels) ops.set(kernel.op, [...(ops.get(kernel.op) ?? []), kernel]);
  const below = [
    ...[...inside].map(([part, grown]) => flame(part, phase, grown)),
    ...[...ops].map(([op, own]): Flame => {
      const ms = own.reduce((sum, kernel) => sum + kernel.ms, 0);
      const calls = own.reduce((sum, kernel) => sum + kernel.calls, 0);
      return { name: op, phase, ms, rate: rateOf(flopsOf(own), ms), calls, inside: [] };
    }),
  ].sort((a, b) => b.ms - a.ms);
  const ms = given ?? below.reduce((sum, block) => sum + block.ms, 0);
  return { name, phase, ms, rate: rateOf(flopsOf(allOf({ inside, kernels })), ms), inside: below };
}

const allOf = ({ inside, kernels }: Growing): KernelTime[] => [...kernels, ...[...inside.values()].flatMap(allOf)];

function flopsOf(kernels: readonly KernelTime[]): number | undefined {
  const sum = kernels.reduce((total, { flops = Number.NaN }) => total + flops, 0);
  return Number.isNaN(sum) ? undefined : sum;
}
