import { fail, StratusError } from '@stratus/core';
import type { BatcherOptions } from './batcher-limits.ts';
import { KnownModel, standard } from './known-model.ts';
import type { ServingObserver } from './observer.ts';
import { openServable, type Servable, type ServableOptions } from './servable.ts';
import { Served } from './served.ts';
import { sessionBytes } from './session-memory.ts';
import type { Shelf, ShelvedModel } from './shelf.ts';
import type { ServingTraces } from './traces.ts';

/** Options of a {@link Repository}. */
export interface RepositoryOptions extends BatcherOptions, Pick<ServableOptions, 'executor' | 'instances'> {
  /** Where models come from, besides those that are given. */
  readonly shelf?: Shelf | undefined;
  /** Models are loaded when they are asked first, instead of all at the start; so unless told where there is a limit of memory. */
  readonly lazy?: boolean | undefined;
  /** The sessions of models may take so much memory, estimated from above by the sizes of their artifacts (four times as much, and a megabyte); those that were not asked for the longest time go first. No limit unless told. */
  readonly memoryLimitBytes?: number | undefined;
  /** What nobody has asked for so long is put away: of lazy models all, else versions that no alias and no route names. 10 minutes unless told. */
  readonly idleMs?: number | undefined;
  readonly observer?: ServingObserver | undefined;
  /** Who follows requests through queue and run: those of a monitor. */
  readonly traces?: ServingTraces | undefined;
  /** Is told when a model cannot be loaded. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** What the Open Inference Protocol's index says of a version. */
export interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';
  readonly reason: string;
}

/** A version that could not be loaded is tried again after so long. */
const triedAgainMs = 60_000;

/**
 * The models of a data plane: which there are, which of them are in memory, and which version a request means. A version takes the place of another
 * only when it is loaded and was tried, and the one before stays until its last request is answered.
 *
 * Errors: `model-not-found`; those of `openServable` where a model is loaded.
 * Source: Open Inference Protocol v2, model repository extension.
 *
 * @example
 * import { DataPlane, dense, input, openServable, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const { repository } = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]);
 * console.log(repository.index()[0].state); // READY
 * await repository.unload('net');
 * console.log(repository.names().length); // 0
 */
export class Repository {
  readonly #models = new Map<string, KnownModel>();
  readonly #options: RepositoryOptions;
  readonly #leaving = new Set<Promise<void>>();
  readonly #isLazy: boolean;
  #looking: Promise<boolean> | undefined;
  #isReleased = false;
  /** Versions that must stay because traffic goes there. */
  routed: (model: string) => readonly string[] = () => [];

  constructor(servables: readonly Servable[], options: RepositoryOptions = {}) {
    this.#options = options;
    this.#isLazy = options.lazy ?? options.memoryLimitBytes !== undefined;
    for (const servable of servables) {
      const model = this.#model(servable.name);
      model.versions.push(servable.version);
      model.aliases.set(standard, servable.version);
      model.served.set(servable.version, new Served(servable, { bytes: 0 }, options));
    }
  }

  /** The names of the models that may be asked. */
  names(): readonly string[] {
    return [...this.#models.values()].filter((model) => !model.isUnloaded && model.versions.length > 0).map(({ name }) => name);
  }

  /** The versions of a model. Errors: `model-not-found`. */
  versions(name: string): readonly string[] {
    return this.#find(name).model.versions;
  }

  /** The name of the model that is meant, without its alias; undefined where there is none. */
  nameOf(name: string): string | undefined {
    const at = name.lastIndexOf('@');
    const short = this.#models.has(name) || at < 1 ? name : name.slice(0, at);
    return (this.#models.get(short)?.versions.length ?? 0) > 0 ? short : undefined;
  }

  /** Which version is meant. Errors: `model-not-found`. */
  resolve(name: string, version?: string): { readonly name: string; readonly version: string } {
    const { model, alias } = this.#find(name);
    const found = model.resolve(version ?? alias);
    if (found !== undefined) return { name: model.name, version: found };
    throw fail('model-not-found', {
      name: `${model.name}, version ${version ?? `@${alias}`}`,
      known: model.versions.map((known) => `${model.name}, version ${known}`),
    });
  }

  /** A version that is in memory; undefined where it is not. Errors: `model-not-found`. */
  loaded(name: string, version?: string): Served | undefined {
    const found = this.resolve(name, version);
    return this.#models.get(found.name)!.served.get(found.version);
  }

  /** A version, loaded if need be, which stays until it is let go. Errors: `model-not-found`; those of `openServable`. */
  async hold(name: string, version?: string): Promise<Served> {
    const found = this.resolve(name, version);
    const model = this.#models.get(found.name)!;
    return (model.served.get(found.version) ?? (await this.#load(model, found.version))).hold();
  }

  /** All versions that there are, with their states. */
  index({ ready = false }: { readonly ready?: boolean } = {}): IndexEntry[] {
    const all = [...this.#models.values()].flatMap((model) => model.versions.map((version) => this.#entry(model, version)));
    return ready ? all.filter(({ state }) => state === 'READY') : all;
  }

  #entry(model: KnownModel, version: string): IndexEntry {
    const about = { name: model.name, version };
    if (model.isUnloaded) return { ...about, state: 'UNAVAILABLE', reason: 'unloaded' };
    if (model.served.has(version)) return { ...about, state: 'READY', reason: '' };
    if (model.loading.has(version)) return { ...about, state: 'LOADING', reason: '' };
    const failure = model.failed.get(version);
    const reason = failure ? messageOf(failure.error) : 'loaded when it is asked';
    return { ...about, state: 'UNAVAILABLE', reason };
  }

  /** Loads a model, or loads it anew where its artifact has changed. Errors: `model-not-found`; those of `openServable`. */
  async load(name: string): Promise<void> {
    if (!this.#models.has(name) || this.#options.shelf) await this.look();
    const { model } = this.#find(name, { unloaded: true });
    model.failed.clear();
    const wasUnloaded = model.isUnloaded;
    model.isUnloaded = false;
    try {
      const version = model.shelved?.wanted ?? model.resolve(undefined)!;
      await this.#point(model, standard, version);
    } catch (e) {
      model.isUnloaded = wasUnloaded;
      throw e;
    }
  }

  /** Frees a model when its last request is answered; it is not served until it is loaded again. Errors: `model-not-found`. */
  async unload(name: string): Promise<void> {
    const { model } = this.#find(name);
    model.isUnloaded = true;
    const gone = [...model.served.values()];
    if (gone.some(({ bytes }) => bytes === 0)) this.#models.delete(name); // it cannot be loaded again
    model.served.clear();
    await Promise.all(gone.map((served) => this.#leave(served)));
  }

  /**
   * Brings what is served to what the shelf has now. What cannot be loaded is told of, and what is served goes on. False when the shelf did not say what
   * it has.
   */
  look(): Promise<boolean> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<boolean> {
    const { shelf, report } = this.#options;
    let list: readonly ShelvedModel[];
    try {
      list = (await shelf?.list()) ?? [];
    } catch (e) {
      report?.(e); // where models come from does not answer: what is served goes on
      return false;
    }
    const there = new Set(list.map(({ name }) => name));
    for (const [name, model] of this.#models) if (model.shelved && !there.has(name)) this.#remove(model);
    for (const shelved of list) {
      if (this.#isReleased) return false;
      const model = this.#model(shelved.name);
      model.shelved = shelved;
      const before = model.versions;
      model.versions = [...shelved.versions];
      for (const version of before) if (!model.versions.includes(version)) this.#drop(model, version);
      for (const alias of [...model.aliases.keys()])
        if (alias !== standard && !Object.hasOwn(shelved.aliases, alias)) model.aliases.delete(alias);
      const pointers = { ...shelved.aliases, [standard]: shelved.wanted };
      for (const [alias, version] of Object.entries(pointers)) {
        // Where nobody has asked through it yet, it is loaded when somebody does.
        const isOpen = alias !== standard || this.#isLazy || model.isUnloaded;
        const old = model.aliases.get(alias);
        if (isOpen && (old === undefined || !model.served.has(old))) model.aliases.set(alias, version);
        else await this.#point(model, alias, version).catch(() => {}); // told of where it happened
      }
    }
    this.#sweep();
    return true;
  }

  /** Points an alias to a version as soon as that is ready. */
  async #point(model: KnownModel, alias: string, version: string): Promise<void> {
    const stale = model.served.get(version);
    if (!stale || stale.stamp !== model.stampOf(version)) await this.#load(model, version);
    const old = model.aliases.get(alias);
    model.aliases.set(alias, version);
    if (old !== undefined && old !== version && !model.pointedTo.has(old) && !this.routed(model.name).includes(old))
      this.#drop(model, old);
  }

  #load(model: KnownModel, version: string): Promise<Served> {
    let loading = model.loading.get(version);
    if (!loading) {
      loading = this.#open(model, version).finally(() => void model.loading.delete(version));
      model.loading.set(version, loading);
    }
    return loading;
  }

  async #open(model: KnownModel, version: string): Promise<Served> {
    const { shelf, executor, instances, report } = this.#options;
    const { name } = model;
    const stamp = model.stampOf(version);
    const failure = model.failed.get(version);
    if (failure && failure.stamp === stamp && performance.now() - failure.at < triedAgainMs) throw failure.error;
    if (!shelf || this.#isReleased) throw fail('released', { what: `The model '${name}', version ${version}` });
    try {
      const reread = () => shelf.read(name, version);
      const bytes = await reread();
      this.#makeRoom(sessionBytes(bytes.length), name);
      const file = `The model '${name}', version ${version}`;
      const servable = await openServable(bytes, { name, version, file, executor, instances, reread });
      const served = new Served(servable, { bytes: bytes.length, stamp }, this.#options);
      const before = model.served.get(version);
      if (this.#isReleased) {
        await served.release();
        throw fail('released', { what: file });
      }
      model.failed.delete(version);
      model.served.set(version, served);
      if (before) void this.#leave(before);
      return served;
    } catch (error) {
      if (!(StratusError.is(error) && (error.code === 'busy' || error.code === 'released'))) {
        model.failed.set(version, { error, at: performance.now(), stamp });
        report?.(new Error(`Version ${version} of the model '${name}' cannot be served`, { cause: error }));
      }
      throw error;
    }
  }

  /** Puts away what was not asked for the longest time, until so many bytes fit. Errors: `busy` where all is in use; `bad-value` for a model that never fits. */
  #makeRoom(bytes: number, name: string): void {
    const { memoryLimitBytes: limit = Number.POSITIVE_INFINITY } = this.#options;
    if (bytes > limit)
      throw fail('bad-value', {
        what: `The model '${name}'`,
        got: `about ${bytes} bytes of memory`,
        want: `at most memoryLimitBytes, ${limit}`,
      });
    const all = this.#all();
    let used = all.reduce((n, { served }) => n + served.memoryBytes, 0);
    const idle = all.filter(({ served }) => served.bytes > 0 && served.isIdle);
    idle.sort((a, b) => a.served.usedAt - b.served.usedAt);
    for (const { model, version, served } of idle) {
      if (used + bytes <= limit) return;
      used -= served.memoryBytes;
      this.#drop(model, version);
    }
    if (used + bytes > limit) throw fail('busy', { waiting: all.length - idle.length });
  }

  /** Puts away what nobody has asked for long. */
  #sweep(): void {
    const { idleMs = 600_000 } = this.#options;
    const before = performance.now() - idleMs;
    for (const { model, version, served } of this.#all()) {
      if (served.bytes === 0 || !served.isIdle || served.usedAt > before) continue;
      const isWanted = model.pointedTo.has(version) || this.routed(model.name).includes(version);
      if (this.#isLazy || !isWanted) this.#drop(model, version);
    }
  }

  #all() {
    return [...this.#models.values()].flatMap((model) =>
      [...model.served].map(([version, served]) => ({ model, version, served })),
    );
  }

  #drop(model: KnownModel, version: string): void {
    const served = model.served.get(version);
    if (!served) return;
    model.served.delete(version);
    void this.#leave(served);
  }

  #remove(model: KnownModel): void {
    this.#models.delete(model.name);
    for (const version of [...model.served.keys()]) this.#drop(model, version);
  }

  #leave(served: Served): Promise<void> {
    const leaving = served.leave().finally(() => void this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    return leaving;
  }

  /** Frees all models, after the runs that are on their way. */
  async release(): Promise<void> {
    this.#isReleased = true;
    await this.#looking;
    const loading = [...this.#models.values()].flatMap((model) => [...model.loading.values()]);
    await Promise.allSettled(loading);
    await Promise.all([...this.#all().map(({ served }) => served.release()), ...this.#leaving]);
  }

  #model(name: string): KnownModel {
    let model = this.#models.get(name);
    if (!model) this.#models.set(name, (model = new KnownModel(name)));
    return model;
  }

  /** A model by its name, or by its name and an alias: 'digits@production'. */
  #find(name: string, { unloaded = false } = {}): { readonly model: KnownModel; readonly alias: string | undefined } {
    const at = name.lastIndexOf('@');
    const [short, alias] = this.#models.has(name) || at < 1 ? [name, undefined] : [name.slice(0, at), name.slice(at + 1)];
    const model = this.#models.get(short);
    if (model && model.versions.length > 0 && (unloaded || !model.isUnloaded)) return { model, alias };
    throw fail('model-not-found', { name, known: this.names() });
  }
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
