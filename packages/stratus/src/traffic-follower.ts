import type { Traffic, TrafficChange, TrafficRule } from './serve/index.ts';
import type { Store, TrafficRow } from './store/index.ts';

/** The only model that is followed, and what it is called here. */
export interface FollowedModel {
  readonly model: string;
  readonly name: string;
}

const named = (rule: TrafficRule | null, model: string): TrafficRule | null => rule && { ...rule, model };

const changeOf = ({ rule, kind, by, why, at }: TrafficRow, model: string): TrafficChange => ({
  model,
  rule: named(rule as TrafficRule | null, model),
  kind,
  by,
  why,
  at: at.toISOString(),
});

/** Between the traffic rules of a process and those of the store: what others change holds here, and what is rolled back here is kept there. */
export class TrafficFollower {
  readonly #store: Store;
  readonly #report: (error: unknown) => void;
  /** How many changes of each model hold already. */
  readonly #known = new Map<string, number>();
  /** The change that could not hold. */
  readonly #failed = new Map<string, number>();
  #keeping: Promise<void> = Promise.resolve();
  readonly #only: FollowedModel | undefined;

  /** Follows all models of the store, or `only` one. */
  constructor(store: Store, report: (error: unknown) => void, only?: FollowedModel) {
    this.#store = store;
    this.#report = report;
    this.#only = only;
  }

  /** Writes down a change that began here. */
  keep({ model: name, rule, kind, by, why }: TrafficChange): Promise<void> {
    const model = this.#only?.model ?? name;
    this.#keeping = this.#keeping.then(async () => {
      try {
        const { number } = await this.#store.traffic.append(model, { rule: named(rule, model), kind, by, why });
        // What others have written meanwhile has yet to be followed.
        if (number === (this.#known.get(model) ?? 0) + 1) this.#known.set(model, number);
      } catch (e) {
        this.#report(e); // it holds here all the same
      }
    });
    return this.#keeping;
  }

  /** Resolves when all changes are written down. */
  kept(): Promise<void> {
    return this.#keeping;
  }

  /** Brings the rules to what the store says. A rule that cannot hold is told of once and tried again, and the one before stays. */
  async look(traffic: Traffic): Promise<void> {
    await this.#keeping;
    try {
      for (const [model, number] of await this.#store.traffic.numbers()) {
        const known = this.#known.get(model) ?? 0;
        if (number <= known || (this.#only && model !== this.#only.model)) continue;
        const changes = await this.#store.traffic.history(model);
        try {
          const added = changes.filter((change) => change.number > known);
          await traffic.follow(added.reverse().map((change) => changeOf(change, this.#only?.name ?? model)));
          this.#known.set(model, changes[0]!.number);
        } catch (e) {
          if (this.#failed.get(model) === number) continue;
          this.#failed.set(model, number);
          this.#report(new Error(`The traffic rule ${number} of the model '${model}' cannot hold`, { cause: e }));
        }
      }
    } catch (e) {
      this.#report(e); // the store does not answer: what holds goes on
    }
  }
}
