import { createHmac, timingSafeEqual } from 'node:crypto';
import { fail } from '@stratus/core';

/** Where alerts are sent. Addresses come from who runs the server, never from a request. */
export interface WebhookOptions {
  readonly url: string;
  /** With it each body is signed, so that the receiver knows who sent it. */
  readonly secret?: string | undefined;
  /** So many attempts; 6 unless told: over about half a minute. */
  readonly attempts?: number | undefined;
  /** Before the second attempt, in milliseconds; doubled for each further one. 1,000 unless told. */
  readonly backoffMs?: number | undefined;
  /** An attempt takes so long at most; 10 seconds unless told. */
  readonly timeoutMs?: number | undefined;
  /** Is told of what could not be delivered. */
  readonly report?: ((error: unknown) => void) | undefined;
}

/** More alerts than this do not wait: the oldest is given up. */
const mostWaiting = 100;

/** The header that holds the signature. */
export const signatureHeader = 'x-stratus-signature';

const digestOf = (body: string, at: number, secret: string): string =>
  createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');

/** `t=1767225600,v1=…`: the time in seconds, and HMAC-SHA256 of `<time>.<body>`. Source: as Stripe signs its webhooks. */
export const signatureOf = (body: string, { at, secret }: { readonly at: number; readonly secret: string }): string =>
  `t=${at},v1=${digestOf(body, at, secret)}`;

/**
 * Whether a webhook came from a server that knows the secret, and lately.
 *
 * @example
 * import { verifyWebhook } from 'stratus';
 * console.log(verifyWebhook('{}', { signature: 't=1,v1=00', secret: 'known to both' })); // false
 */
export function verifyWebhook(
  body: string,
  {
    signature,
    secret,
    toleranceMs = 300_000,
  }: { readonly signature: string; readonly secret: string; readonly toleranceMs?: number },
): boolean {
  const found = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(signature);
  if (!found) return false;
  const at = Number(found[1]);
  const own = Buffer.from(digestOf(body, at, secret), 'hex');
  return Math.abs(Date.now() - at * 1000) <= toleranceMs && timingSafeEqual(own, Buffer.from(found[2]!, 'hex'));
}

/** Sends one alert after the other, again where that fails. Nobody waits for it. */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #url: URL;
  readonly #waiting: string[] = [];
  readonly #stop = new AbortController();
  #working: Promise<void> | undefined;

  /** Errors: `bad-value` for an address that is none of http or https. */
  constructor(options: WebhookOptions) {
    const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
    if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
      throw fail('bad-value', { what: 'the address of a webhook', got: options.url.slice(0, 200), want: 'https://…' });
    this.#url = url;
    this.#options = options;
  }

  send(message: unknown): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#waiting.shift();
      this.#report('an older alert was given up: too many wait');
    }
    this.#waiting.push(JSON.stringify(message));
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** Gives up what waits. */
  close(): void {
    this.#waiting.length = 0;
    this.#stop.abort();
  }

  /** Its address may hold a secret: only where it goes is told. */
  #report(reason: string, cause?: unknown): void {
    this.#options.report?.(new Error(`Webhook to ${this.#url.host}: ${reason}`, { cause }));
  }

  async #work(): Promise<void> {
    for (let body = this.#waiting[0]; body !== undefined; body = this.#waiting[0]) {
      await this.#deliver(body);
      if (this.#waiting[0] === body) this.#waiting.shift();
    }
  }

  async #deliver(body: string): Promise<void> {
    const { attempts = 6, backoffMs = 1000 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      if (this.#stop.signal.aborted) return;
      const wrong = await this.#try(body);
      if (wrong === undefined || this.#stop.signal.aborted) return;
      if (!wrong.again || attempt >= attempts) return this.#report(`${wrong.reason} (attempt ${attempt}, given up)`, wrong.cause);
      // Half of the pause is left to chance: servers that failed together shall not come back together.
      await this.#pause(backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }

  async #try(body: string): Promise<{ readonly reason: string; readonly again: boolean; readonly cause?: unknown } | undefined> {
    const { secret, timeoutMs = 10_000 } = this.#options;
    const at = Math.floor(Date.now() / 1000);
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        body,
        headers: {
          'content-type': 'application/json',
          ...(secret !== undefined && { [signatureHeader]: signatureOf(body, { at, secret }) }),
        },
        redirect: 'manual', // it goes where the operator said, and nowhere else
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]),
      });
      await response.body?.cancel();
      if (response.ok) return undefined;
      const again = response.status >= 500 || response.status === 408 || response.status === 429;
      return { reason: `it answered ${response.status}`, again };
    } catch (cause) {
      return { reason: 'it cannot be reached', again: true, cause };
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }
}
