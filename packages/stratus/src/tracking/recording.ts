import { join } from 'node:path';
import type { Callback } from '@stratus/core';
import type { NewRun } from '../store/index.ts';
import type { Workspace, WorkspacePlace } from '../workspace/index.ts';
import type { RunEnd } from './active-run.ts';
import { captureOutput } from './capture-output.ts';
import { codeVersion } from './code-version.ts';
import { type FitPlace, fitCallback } from './fit-callback.ts';
import { Journal } from './journal.ts';
import { bringHome, leave } from './left-behind.ts';
import { LogText } from './log-text.ts';
import { Outbox, type Undelivered } from './outbox.ts';
import { RecordedRun } from './recorded-run.ts';
import { systemMetrics } from './system-metrics.ts';

/** What is recorded of a process. */
export interface RecordingOptions {
  readonly open: () => Promise<Workspace>;
  readonly warn: (text: string) => void;
  /** Where what cannot be stored waits. */
  readonly folder: string;
  /** The workspace: whoever comes next to it brings home what this process had to leave. */
  readonly place: WorkspacePlace;
  readonly key?: string | undefined;
  readonly as?: NewRun;
  readonly script?: string | undefined;
  /** The recording ends with its run, and is told what is left; else `finish` ends it. */
  readonly onEnd?: (left: Undelivered | undefined) => void;
  /** A run came into being, or goes on. */
  readonly onOpen?: (run: RecordedRun) => void;
}

/** The runs of a process: the first training's, and within it those of later ones. */
export class Recording {
  /** The run of the process: what it prints and which code it is are said there. */
  readonly run: RecordedRun;
  readonly #options: RecordingOptions;
  readonly #outbox: Outbox;
  readonly #log = new LogText();
  readonly #active: RecordedRun[] = [];
  readonly #stops: (() => void)[] = [];
  #isBegun = false;
  #isOver = false;

  constructor(options: RecordingOptions) {
    this.#options = options;
    const { open, warn, key, place, as = {} } = options;
    const file = (): string => join(options.folder, `run-${this.run.key}.jsonl`);
    this.#outbox = new Outbox({
      open: async () => {
        const workspace = await open();
        await bringHome(workspace).catch(() => undefined); // they wait for the next one, as they have until now
        return workspace;
      },
      warn,
      journal: () => new Journal(file(), () => leave(place, file())),
      collect: () => (this.run.isOpen ? this.#log.take().map((piece) => ({ op: 'log', run: this.run.key, ...piece })) : []),
    });
    this.run = new RecordedRun({
      outbox: this.#outbox,
      key,
      as,
      onOpen: () => this.#begin(),
      onChild: (child) => void this.#active.push(child),
      onFinish: (run, status, error) => this.#ended(run, status, error),
    });
    this.#stops.push(captureOutput(({ stream, text }) => this.#log.add(stream, text)));
  }

  /** The innermost run that goes on. */
  get current(): RecordedRun | undefined {
    return this.#active.at(-1) ?? (this.run.end === undefined ? this.run : undefined);
  }

  /** Records the next training. */
  watch(): Callback {
    return fitCallback(this.#outbox, (key) => this.#runOf(key));
  }

  /** A model was saved. */
  saved(path: string): void {
    (this.current ?? this.run).keepAtEnd(path);
  }

  /** The end of the process, or of its run: everything is stored that can be. Returns what could not. */
  async finish(status: RunEnd, error?: unknown): Promise<Undelivered | undefined> {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    for (const stop of this.#stops) stop();
    for (const { stream, text } of this.run.isOpen ? this.#log.end() : []) this.run.printed(stream, text);
    for (const child of this.#active.reverse()) child.conclude(status, error);
    this.run.conclude(status, error);
    this.#active.length = 0;
    return await this.#outbox.close();
  }

  /** The process ends at once: what is known goes into the file. */
  abandon(status?: RunEnd, error?: unknown): void {
    if (this.#isOver || !this.run.isOpen) return;
    if (status !== undefined) this.run.conclude(status, error);
    this.#outbox.abandon();
  }

  /** Does something when the recording is over. */
  whenOver(work: () => void): void {
    this.#stops.push(work);
  }

  /** The first training is that of the run; every later one has its own, within it. */
  #runOf(key: string | undefined): FitPlace {
    const around = this.current ?? this.run;
    const isOwn = around.isTaken;
    const run = isOwn ? around.begin({}, key) : around;
    if (key !== undefined && !(run === this.run && this.#options.key !== undefined)) run.goOnWith(key);
    run.isTaken = true;
    run.open();
    return { run, isOwn };
  }

  async #ended(run: RecordedRun, status: RunEnd, error: unknown): Promise<void> {
    const at = this.#active.indexOf(run);
    if (at >= 0) this.#active.splice(at, 1);
    if (run === this.run && this.#options.onEnd) this.#options.onEnd(await this.finish(status, error));
  }

  #begin(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const began = Date.now();
    this.#stops.push(
      systemMetrics(
        () => began,
        (name, step, value) => this.run.point(name, step, value),
      ),
    );
    void this.#code();
    this.#options.onOpen?.(this.run);
  }

  async #code(): Promise<void> {
    const found = await codeVersion(this.#options.script);
    if (!found) return;
    const { commit, branch, changes, isCut, script } = found;
    this.run.learn({
      code: {
        commit,
        ...(branch !== undefined && { branch }),
        changed: changes !== '' || isCut,
        ...(script !== undefined && { script }),
      },
    });
    if (changes !== '') await this.run.artifact('code/changes.diff', changes);
  }
}
