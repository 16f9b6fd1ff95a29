import { Batcher } from './batcher.ts';
import type { BatcherOptions } from './batcher-limits.ts';
import type { ServingObserver } from './observer.ts';
import type { Servable } from './servable.ts';
import { sessionBytes } from './session-memory.ts';
import type { ServingTraces } from './traces.ts';

/** A version of a model that is in memory. It stays as long as somebody uses it. */
export class Served {
  readonly servable: Servable;
  readonly batcher: Batcher;
  /** The size of its artifact; 0 where it cannot be loaded again, so that it is never put away. */
  readonly bytes: number;
  readonly stamp: string | undefined;
  #usedAt = performance.now();
  #uses = 0;
  #left: (() => void) | undefined;
  #leaving: Promise<void> | undefined;

  constructor(
    servable: Servable,
    about: { readonly bytes: number; readonly stamp?: string | undefined },
    options: BatcherOptions & { readonly observer?: ServingObserver | undefined; readonly traces?: ServingTraces | undefined },
  ) {
    this.servable = servable;
    this.batcher = new Batcher(servable, options);
    this.bytes = about.bytes;
    this.stamp = about.stamp;
  }

  /** What its sessions take, about: each has the weights. What is never put away is not counted. */
  get memoryBytes(): number {
    return this.bytes === 0 ? 0 : sessionBytes(this.bytes) * this.servable.instances;
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  get isIdle(): boolean {
    return this.#uses === 0;
  }

  /** Keeps it until `letGo`. */
  hold(): this {
    this.#uses++;
    this.#usedAt = performance.now();
    return this;
  }

  letGo(): void {
    this.#uses--;
    this.#usedAt = performance.now();
    if (this.#uses === 0) this.#left?.();
  }

  /** Frees it when nobody uses it any more. May be called again. */
  leave(): Promise<void> {
    this.#leaving ??= new Promise<void>((resolve) => {
      if (this.isIdle) resolve();
      else this.#left = resolve;
    }).then(() => this.servable.release());
    return this.#leaving;
  }

  /** Frees it after the runs that were called before; what still waits is told so. */
  release(): Promise<void> {
    return this.servable.release();
  }
}
