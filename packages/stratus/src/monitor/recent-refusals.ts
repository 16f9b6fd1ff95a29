import type { Refusal, ServingObserver } from '../serve/index.ts';
import { FewNames } from './few-names.ts';
import { Slices } from './slices.ts';

/** Requests of the last while that no model was asked for. */
export interface RefusalFigures {
  /** The time that these figures cover. */
  readonly windowMs: number;
  readonly requests: number;
  /** By the code of their error. */
  readonly codes: Readonly<Record<string, number>>;
}

const [slices, mostCodes] = [12, 64] as const;

/** What was refused lately, before a model was asked: sums in slices of time. */
export class RecentRefusals implements ServingObserver {
  readonly #codes = new FewNames(mostCodes);
  readonly #slices: Slices<Map<string, number>>;

  constructor({
    windowMs = 60_000,
    now = () => performance.now(),
  }: { windowMs?: number | undefined; now?: (() => number) | undefined } = {}) {
    this.#slices = new Slices({ windowMs, count: slices, make: () => new Map(), clear: (slice) => slice.clear(), now });
  }

  refused({ code }: Refusal): void {
    const slice = this.#slices.current;
    const name = this.#codes.of(code);
    slice.set(name, (slice.get(name) ?? 0) + 1);
  }

  figures(): RefusalFigures {
    const codes: Record<string, number> = {};
    for (const slice of this.#slices.all) for (const [code, n] of slice) codes[code] = (codes[code] ?? 0) + n;
    const requests = Object.values(codes).reduce((n, x) => n + x, 0);
    return { windowMs: Math.round(this.#slices.coveredMs), requests, codes };
  }
}
