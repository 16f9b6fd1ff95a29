import type { Serializable } from 'node:child_process';
import type { Socket } from 'node:net';
import { type Failure, failureOf, thrown } from './failure.ts';

/** The other process, as far as we can speak to it. */
export interface Wire {
  send(
    message: Serializable,
    handle: Socket | undefined,
    options: { keepOpen?: boolean },
    done: (e: Error | null) => void,
  ): unknown;
  on(event: 'message', listener: (message: unknown, handle: unknown) => void): unknown;
}

/** What can be asked: its name, and the answer to a question. */
export type Answers = Readonly<Record<string, (body: never) => unknown>>;

interface Message {
  /** A question: number, name, body. */
  readonly ask?: readonly [number, string, unknown];
  /** The answer to a question. */
  readonly answer?: readonly [number, unknown];
  /** Why a question has no answer. */
  readonly failed?: readonly [number, Failure];
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions and answers between two processes; both may ask. A question that the other process knows nothing of is answered by undefined. */
export class Channel {
  readonly #wire: Wire;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  constructor(wire: Wire, answers: Answers) {
    this.#wire = wire;
    wire.on('message', (message, handle) => {
      const { ask, answer, failed } = message as Message;
      if (ask) void this.#reply(ask, handle, answers);
      else if (failed) this.#take(failed[0])?.reject(thrown(failed[1]));
      else if (answer) this.#take(answer[0])?.resolve(answer[1]);
    });
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    this.#waiting.delete(number);
    return waiting;
  }

  /** The answer; undefined where the other process has ended. Errors: what the other process met when it answered. */
  async ask(name: string, body?: unknown, handle?: Socket): Promise<unknown> {
    const number = this.#next++;
    return await new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#send({ ask: [number, name, body] }, handle);
    });
  }

  /** The other process has ended: nothing more will be answered. */
  end(): void {
    for (const { resolve } of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  async #reply([number, name, body]: readonly [number, string, unknown], handle: unknown, answers: Answers): Promise<void> {
    const answer = answers[name] as ((body: unknown, handle: unknown) => unknown) | undefined;
    try {
      this.#send({ answer: [number, await answer?.(body, handle)] });
    } catch (e) {
      this.#send({ failed: [number, failureOf(e)] });
    }
  }

  #send(message: Message, handle?: Socket): void {
    const ignore = (): void => {}; // the process has ended, which is told elsewhere
    try {
      this.#wire.send(message as Serializable, handle, { keepOpen: true }, ignore);
    } catch {
      this.end();
    }
  }
}
