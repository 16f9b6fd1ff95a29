import type { ServingObserver, ShadowCounts, ShadowRecord } from '../serve/index.ts';
import { keyOf } from './watched-model.ts';

/** What each shadow was asked, and how its answers stand to those that clients got, since the server began. */
export class Shadows implements ServingObserver {
  readonly #counts = new Map<string, { -readonly [K in keyof ShadowCounts]: ShadowCounts[K] }>();

  shadowed({ model, version, said, difference }: ShadowRecord): void {
    const key = keyOf(model, version);
    let counts = this.#counts.get(key);
    if (counts === undefined)
      this.#counts.set(key, (counts = { compared: 0, mismatched: 0, failed: 0, dropped: 0, largestDifference: 0 }));
    if (said === 'failed' || said === 'dropped') counts[said]++;
    else {
      counts.compared++;
      if (said === 'otherwise') counts.mismatched++;
      counts.largestDifference = Math.max(counts.largestDifference, difference);
    }
  }

  /** Undefined for a version that was no shadow. */
  figures(model: string, version: string): ShadowCounts | undefined {
    return this.#counts.get(keyOf(model, version));
  }
}
