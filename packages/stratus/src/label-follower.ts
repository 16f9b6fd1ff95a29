import { fail, StratusError } from '@stratus/core';
import type { Label, LabelsTaken } from './monitor/index.ts';
import type { Store } from './store/index.ts';
import type { FollowedModel } from './traffic-follower.ts';

/** Takes in labels for the answers of a model. Errors: `bad-request`. */
export type TakeLabels = (model: string, labels: readonly Label[]) => LabelsTaken | Promise<LabelsTaken>;

/** Rows may be seen in another order than that of their numbers: so many are looked at again. */
const overlap = 500;

/**
 * Labels between the servers of a registry: what comes to one that does not know the request waits in the store, and the one that has answered takes it at its next look. No server knows of another.
 */
export class LabelFollower {
  readonly #store: Store;
  readonly #report: (error: unknown) => void;
  readonly #only: FollowedModel | undefined;
  readonly #tried = new Set<number>();
  #last = 0;

  /** Labels of all models of the store, or of `only` one. */
  constructor(store: Store, report: (error: unknown) => void, only?: FollowedModel) {
    this.#store = store;
    this.#report = report;
    this.#only = only;
  }

  /** Leaves labels for whoever knows their requests. Errors: those of the store. */
  async leave(name: string, labels: readonly Label[]): Promise<void> {
    await this.#store.passedLabels.leave(this.#only?.model ?? name, labels);
  }

  /** Takes those that are of answers of this server. */
  async look(take: TakeLabels): Promise<void> {
    try {
      const waiting = await this.#store.passedLabels.waiting(this.#last - overlap);
      const taken: number[] = [];
      for (const { id, model, requestId, label } of waiting) {
        this.#last = Math.max(this.#last, id);
        if (this.#tried.has(id) || (this.#only && model !== this.#only.model)) continue;
        this.#tried.add(id);
        if (await this.#isTaken(take, this.#only?.name ?? model, { requestId, label })) taken.push(id);
      }
      for (const id of this.#tried) if (id <= this.#last - overlap) this.#tried.delete(id);
      await this.#store.passedLabels.taken(taken);
    } catch (e) {
      this.#report(e); // the store does not answer
    }
  }

  async #isTaken(take: TakeLabels, model: string, label: Label): Promise<boolean> {
    try {
      return (await take(model, [label])).unknown.length === 0;
    } catch (e) {
      if (!StratusError.is(e) || e.code !== 'bad-request') throw e;
      const { requestId } = label;
      // Who sent it was answered by another server, which could not know: it is told here.
      this.#report(fail('bad-request', { reason: `A label that another server has passed on was not taken, of the request '${requestId}' to '${model}': ${e.message}` }, e)); // biome-ignore format: one line
      return true;
    }
  }
}
