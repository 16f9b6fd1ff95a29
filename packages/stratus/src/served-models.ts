import { type Executor, fail } from '@stratus/core';
import { beginsAsArchive } from './registry/index.ts';
import { type BatcherOptions, DataPlane, openServable, type Servable, serveApp } from './serve/index.ts';
import type { ModelInfo } from './store/index.ts';
import type { Workspace } from './workspace/index.ts';

/** Options of {@link ServedModels}. */
export interface ServedModelsOptions extends BatcherOptions {
  readonly bodyLimitBytes: number;
  readonly report: (error: unknown) => void;
  /** The registry is looked at so often, in milliseconds. */
  readonly lookMs: number;
  readonly executor?: Executor | undefined;
}

/** Models and what answers for them; it stays as it is until all of its requests are answered. */
interface Generation {
  readonly models: ReadonlyMap<string, Servable>;
  readonly plane: DataPlane;
  readonly fetch: (request: Request) => Response | Promise<Response>;
  open: number;
  /** Models that the next generation does not have, which wait for the last request. */
  leaving: readonly Servable[];
}

/** What is served of a model: `@production`, or the newest version where there is no such alias. */
const wantedOf = ({ aliases, versions }: ModelInfo): number => aliases['production'] ?? versions;

const triedAgainMs = 60_000;

/**
 * The models of a registry behind the data plane. It follows the registry: a version that is promoted, here or by another process, is served a moment later, and requests on
 * their way are answered by the one before. A version that cannot be loaded is told of, and does not replace one that works.
 */
export class ServedModels {
  readonly #workspace: Workspace;
  readonly #options: ServedModelsOptions;
  readonly #failed = new Map<string, number>();
  #now: Generation;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isLoaded = false;
  #isStopping = false;

  constructor(workspace: Workspace, options: ServedModelsOptions) {
    this.#workspace = workspace;
    this.#options = options;
    this.#now = this.#generation(new Map());
  }

  /** True from when all models were looked at once. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Begins to follow the registry. */
  start(): void {
    const look = async (): Promise<void> => {
      await this.look();
      if (this.#isStopping) return;
      this.#timer = setTimeout(() => void look(), this.#options.lookMs);
      this.#timer.unref();
    };
    void look();
  }

  /** Brings what is served to what the registry says now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    const models = new Map<string, Servable>();
    try {
      for (const info of await this.#workspace.store.models.list()) {
        if (this.#isStopping) break;
        const servable = await this.#servable(info.name, wantedOf(info));
        if (servable) models.set(info.name, servable);
      }
    } catch (e) {
      this.#options.report(e); // the store does not answer: what is served goes on
      return;
    }
    if (this.#isStopping) return void (await this.#release([...models.values()].filter((s) => !this.#has(s))));
    this.#isLoaded = true;
    if (models.size === this.#now.models.size && [...models.values()].every((s) => this.#has(s))) return;
    const before = this.#now;
    this.#now = this.#generation(models);
    before.leaving = [...before.models.values()].filter((s) => !this.#has(s));
    await this.#leave(before);
  }

  #has(servable: Servable): boolean {
    return this.#now.models.get(servable.name) === servable;
  }

  /** The version that is wanted; the one that is served, where that cannot be loaded. */
  async #servable(name: string, number: number): Promise<Servable | undefined> {
    const served = this.#now.models.get(name);
    if (served?.version === String(number)) return served;
    const key = `${name}@${number}`;
    if (performance.now() - (this.#failed.get(key) ?? Number.NEGATIVE_INFINITY) < triedAgainMs) return served;
    const { store, blobs } = this.#workspace;
    try {
      const { digest } = await store.models.version(name, number);
      if (await beginsAsArchive(blobs.stream(digest)))
        throw fail('bad-value', {
          what: `${name}:${number}`,
          got: 'a model that takes its weights from other files, which a server cannot hold',
          want: 'one file',
          fix: 'Register it as one file of less than 2 GB; until then the version before is served.',
        });
      const file = `The model '${name}', version ${number}`;
      const { executor } = this.#options;
      const servable = await openServable(await blobs.read(digest), { name, version: String(number), file, executor });
      this.#failed.delete(key);
      return servable;
    } catch (e) {
      this.#failed.set(key, performance.now());
      this.#options.report(new Error(`Version ${number} of the model '${name}' cannot be served`, { cause: e }));
      return served;
    }
  }

  #generation(models: ReadonlyMap<string, Servable>): Generation {
    const { maxBatch, maxQueue, bodyLimitBytes, report } = this.#options;
    const plane = new DataPlane([...models.values()], { maxBatch, maxQueue });
    const app = serveApp(plane, { bodyLimitBytes, report });
    return { models, plane, fetch: (request) => app.fetch(request), open: 0, leaving: [] };
  }

  /** Frees what leaves, when nobody asks it any more. */
  async #leave(generation: Generation): Promise<void> {
    if (generation.open > 0) return;
    const { leaving } = generation;
    generation.leaving = [];
    await this.#release(leaving);
  }

  async #release(servables: readonly Servable[]): Promise<void> {
    await Promise.all(servables.map((servable) => servable.release()));
  }

  async fetch(request: Request): Promise<Response> {
    const generation = this.#now;
    generation.open++;
    try {
      return await generation.fetch(request);
    } finally {
      generation.open--;
      await this.#leave(generation);
    }
  }

  /** From now on it says that it is not ready. */
  drain(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.#now.plane.drain();
  }

  /** Frees the models. */
  async release(): Promise<void> {
    this.drain();
    await this.#looking;
    await this.#now.plane.release();
  }
}
