import { existsSync } from 'node:fs';
import { basename, isAbsolute, relative, resolve } from 'node:path';
import { fail, StratusError } from '@stratus/core';
import {
  checkText,
  checkTitle,
  type Json,
  keepable,
  type NewRun,
  newRunKey,
  type ParamValue,
  paramsOf,
  type RunChange,
  tagsOf,
} from '../store/index.ts';
import type { ActiveRun, ChildOptions, RunEnd } from './active-run.ts';
import { environment } from './environment.ts';
import type { Outbox } from './outbox.ts';

/** What a run is recorded with. */
export interface RecordedRunOptions {
  readonly outbox: Outbox;
  readonly key?: string | undefined;
  readonly as?: NewRun;
  /** It is about to be recorded. */
  readonly onOpen?: () => void;
  /** A run was begun within it. */
  readonly onChild?: (child: RecordedRun) => void;
  /** It was told that it is over. */
  readonly onFinish?: (run: RecordedRun, status: RunEnd, error: unknown) => Promise<void>;
}

/** The store would refuse all of a run for one of these, later, when nobody can mend it. Errors: `bad-value`. */
function checked<T extends ChildOptions>(said: T): T {
  if (said.name !== undefined) checkTitle('the name of a run', said.name);
  if (said.notes !== undefined) checkText('notes', said.notes);
  paramsOf(said.params ?? {});
  tagsOf(said.tags ?? {});
  return said;
}

/** An active run: it turns what it is told into entries of an outbox. It is in the store from the first thing on that it is told. */
export class RecordedRun implements ActiveRun {
  readonly #options: RecordedRunOptions;
  readonly #outbox: Outbox;
  readonly #files = new Map<string, string>();
  #key: string;
  #as: NewRun;
  #environment: Readonly<Record<string, Json>> = environment();
  #isOpen = false;
  #end: RunEnd | undefined;
  #step = -1;
  readonly #known = new Set<string>();
  /** Whether a training belongs to it. */
  isTaken = false;

  constructor(options: RecordedRunOptions) {
    this.#options = options;
    this.#outbox = options.outbox;
    this.#key = options.key ?? newRunKey();
    this.#as = checked(options.as ?? {});
  }

  get key(): string {
    return this.#key;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** How it ended; undefined while it goes on. */
  get end(): RunEnd | undefined {
    return this.#end;
  }

  /** Goes on with another run, that of a checkpoint, unless something was recorded already. */
  goOnWith(key: string): void {
    if (!this.#isOpen) this.#key = key;
  }

  /** What it is made with, besides what was said before. */
  describe(said: ChildOptions): void {
    const { name, params = {}, tags = {}, notes } = checked(said);
    if (this.#isOpen) {
      this.#change({ params, tags, ...(name !== undefined && { name }) });
      if (notes !== undefined) this.note(notes);
    }
    const all = { params: { ...this.#as.params, ...params }, tags: { ...this.#as.tags, ...tags } };
    this.#as = { ...this.#as, ...all, ...(name !== undefined && { name }), ...(notes !== undefined && { notes }) };
  }

  /** It is in the store from now on. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#outbox.add({ op: 'open', run: this.#key, as: { ...this.#as, environment: this.#environment } });
    this.#options.onOpen?.();
  }

  params(values: Readonly<Record<string, ParamValue>> = {}): Readonly<Record<string, ParamValue>> {
    paramsOf(values);
    if (Object.keys(values).length > 0) {
      if (this.#isOpen) this.#change({ params: values });
      this.#as = { ...this.#as, params: { ...this.#as.params, ...values } };
      this.open();
    }
    return { ...this.#as.params };
  }

  log(metrics: Readonly<Record<string, number>>, step: number = this.#step + 1): void {
    if (!Number.isSafeInteger(step) || step < 0)
      throw fail('bad-value', { what: 'the step of log', got: String(step), want: 'a whole number from 0' });
    for (const [name, value] of Object.entries(metrics)) {
      if (typeof value !== 'number')
        throw fail('bad-value', { what: `the metric '${name}'`, got: typeof value, want: 'a number' });
      this.point(name, step, value);
    }
    this.#step = step;
  }

  /** One point. Errors: `bad-value` for the name. */
  point(name: string, step: number, value: number): void {
    if (this.#end !== undefined) return;
    if (!this.#known.has(name)) {
      checkTitle('the name of a metric', name);
      this.#known.add(name);
      this.open();
    }
    this.#outbox.point(this.#key, { name, step, value, at: new Date() });
  }

  tag(name: string, value: string | null): void {
    tagsOf({ [name]: value ?? '' });
    this.open();
    this.#change({ tags: { [name]: value } });
  }

  note(text: string): void {
    const notes = checkText('notes', this.#as.notes ? `${this.#as.notes}\n${text}` : text);
    this.#as = { ...this.#as, notes };
    this.open();
    this.#change({ notes });
  }

  /** What only its surroundings know: code, data, seed; and more about the environment. */
  learn({
    environment: more,
    ...change
  }: Omit<RunChange, 'environment'> & { readonly environment?: Readonly<Record<string, Json>> }): void {
    if (more) this.#environment = { ...this.#environment, ...more };
    this.#change({ ...change, ...(more !== undefined && { environment: this.#environment }) });
  }

  printed(stream: 'stdout' | 'stderr', text: string): void {
    this.#outbox.add({ op: 'log', run: this.#key, stream, text });
  }

  async artifact(path: string, content?: Uint8Array | string): Promise<void> {
    this.open();
    if (content !== undefined) {
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
      this.#add({ op: 'artifact', run: this.#key, path, from: { bytes } });
    } else {
      const file = resolve(path);
      if (!existsSync(file)) throw fail('file-not-found', { file });
      this.#add({ op: 'artifact', run: this.#key, path: nameOf(file), from: { file } });
    }
    await this.#outbox.secure();
  }

  /** A file that may be written again: it is kept as it is when the run ends. */
  keepAtEnd(path: string): void {
    const file = resolve(path);
    this.#files.set(file, nameOf(file));
  }

  child(options: ChildOptions = {}): RecordedRun {
    return this.begin(options);
  }

  /** A run within it, with a key where there is one. */
  begin(options: ChildOptions, key?: string): RecordedRun {
    this.open();
    const { onChild, onFinish } = this.#options;
    const child = new RecordedRun({
      outbox: this.#outbox,
      key,
      as: { ...options, parent: this.#key },
      ...(onChild && { onChild }),
      ...(onFinish && { onFinish }),
    });
    onChild?.(child);
    return child;
  }

  flush(): Promise<void> {
    return this.#outbox.secure();
  }

  async finish(status: RunEnd = 'finished', error?: unknown): Promise<void> {
    if (this.#end !== undefined) return;
    this.open();
    this.conclude(status, error);
    await this.#options.onFinish?.(this, status, error);
    await this.flush();
  }

  /** Says how it ended. A run that was never in the store has no end; what happens to a process after its run ended well can still be a failure. */
  conclude(status: RunEnd, error?: unknown): void {
    if (!this.#isOpen || this.#end === status) return;
    for (const [file, path] of this.#files)
      if (existsSync(file)) this.#add({ op: 'artifact', run: this.#key, path, from: { file } });
    this.#files.clear();
    this.#end = status;
    this.#outbox.add({ op: 'finish', run: this.#key, status, ...(error !== undefined && { error: messageOf(error) }) });
  }

  #change(change: RunChange): void {
    this.#add({ op: 'change', run: this.#key, change });
  }

  #add(entry: Parameters<Outbox['add']>[0]): void {
    if (this.#end === undefined) this.#outbox.add(entry);
  }
}

/** An artifact's name: its path from here, or the file's own name where it lies elsewhere. */
function nameOf(file: string): string {
  const path = relative('', file);
  return path.startsWith('..') || isAbsolute(path) ? basename(file) : path.replaceAll('\\', '/');
}

const longestError = 20_000;

const messageOf = (error: unknown): string => {
  const text =
    typeof error === 'string'
      ? error
      : StratusError.is(error)
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
  return keepable(text.slice(0, longestError));
};
