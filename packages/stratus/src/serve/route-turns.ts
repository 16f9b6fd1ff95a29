import type { Route } from './traffic-rule.ts';

/**
 * Gives each route its share, evenly spread and without chance: of a hundred requests, a route of weight 5 in 100 gets five.
 *
 * Source: nginx's smooth weighted round robin.
 */
export class RouteTurns {
  readonly #routes: readonly Route[];
  readonly #credit: number[];
  readonly #total: number;

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
    this.#credit = routes.map(() => 0);
    this.#total = routes.reduce((sum, { weight }) => sum + weight, 0);
  }

  /** Who goes next; the route with this word, where one has it. */
  next(label?: string): Route {
    const named = label === undefined ? undefined : this.#routes.find(({ header }) => header === label);
    if (named) return named;
    let best = 0;
    for (const [i, { weight }] of this.#routes.entries()) {
      this.#credit[i]! += weight;
      // What has no weight has no turn, even when nobody else has credit.
      if (weight > 0 && (this.#routes[best]!.weight === 0 || this.#credit[i]! > this.#credit[best]!)) best = i;
    }
    this.#credit[best]! -= this.#total;
    return this.#routes[best]!;
  }
}
