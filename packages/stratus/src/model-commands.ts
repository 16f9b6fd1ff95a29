import type { Question } from './workers/index.ts';

type AskAll = (name: string, body: unknown) => Promise<unknown>;

/** Loads and puts away models in all workers, one after the other, and answers when all did; a worker that starts later has the same models. */
export class ModelCommands {
  readonly #askAll: AskAll;
  readonly #unloaded = new Set<string>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(askAll: AskAll) {
    this.#askAll = askAll;
  }

  /** What workers ask for. Errors: the first that one of them met; a model that one cannot load is in none that had put it away. */
  readonly answers = {
    load: (name: string) =>
      this.#next(async () => {
        try {
          await this.#askAll('load', name);
        } catch (e) {
          if (this.#unloaded.has(name)) await this.#askAll('unload', name).catch(() => {}); // where it was loaded
          throw e;
        }
        this.#unloaded.delete(name);
      }),
    unload: (name: string) =>
      this.#next(async () => {
        await this.#askAll('unload', name);
        this.#unloaded.add(name);
      }),
  };

  /** What a worker that has just started has to be asked. */
  missed(): readonly Question[] {
    return [...this.#unloaded].map((name) => ['unload', name]);
  }

  #next(command: () => Promise<void>): Promise<void> {
    const done = this.#last.then(command);
    this.#last = done.catch(() => {});
    return done;
  }
}
