import { setTimeout as sleep } from 'node:timers/promises';
import { S3Client } from '@aws-sdk/client-s3';
import { fail, StratusError } from '@stratus/core';
import type { S3Address } from './s3-address.ts';

/** A server of S3, and how patient one is with it. */
export interface S3Server {
  readonly client: S3Client;
  readonly address: S3Address;
  /** Does it; when the server or the way to it fails, again after a moment, until patience ends. `doing`: 'Writing a blob to'. */
  request<T>(doing: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** The time on the clock of the server, in milliseconds: ages are counted with it. */
  now(): number;
}

interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export const nameOf = (e: unknown): string => (e as Failure | null)?.name ?? '';
const statusOf = (e: unknown): number | undefined => (e as Failure | null)?.$metadata?.httpStatusCode;

/** There is no such object. A bucket that is missing is another matter. */
export const isMissing = (e: unknown): boolean => nameOf(e) !== 'NoSuchBucket' && statusOf(e) === 404;

const networkCodes =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_STREAM_PREMATURE_CLOSE)$/;
const passing =
  /^(TimeoutError|RequestTimeout|SlowDown|Throttling\w*|ServiceUnavailable|InternalError|RequestTimeTooSkewed|OperationAborted)$/;

/** Whether it may be otherwise in a moment. */
function passes(e: unknown): boolean {
  const { name = '', code = '', message = '' } = e as Failure;
  const status = statusOf(e);
  if (networkCodes.test(code) || passing.test(name)) return true;
  if (status !== undefined && (status === 429 || (status >= 500 && status !== 501))) return true;
  return /socket hang up|aborted|premature close|other side closed/i.test(message) && name !== 'AbortError';
}

/** What to check, by what the server or the library says. */
function fixOf(e: unknown, { bucket, endpoint }: S3Address): string {
  const { name = '', code = '' } = e as Failure;
  const server = endpoint ?? 'Amazon S3';
  if (/Credentials/.test(name)) return 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.';
  if (name === 'NoSuchBucket') return `Make the bucket '${bucket}' at ${server}, or check its name.`;
  if (/SignatureDoesNotMatch|InvalidAccessKeyId|ExpiredToken|InvalidToken/.test(name))
    return 'Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or the profile, and the region.';
  if (/PermanentRedirect|AuthorizationHeaderMalformed|Region/.test(name)) return 'Check the region: ?region=… or AWS_REGION.';
  if (statusOf(e) === 403)
    return `Check that these keys may list, read, write and delete in the bucket '${bucket}' at ${server}.`;
  if (networkCodes.test(code) || code === 'ENOTFOUND' || /Timeout/.test(name))
    return `Check that ${server} is reached from here, and try again.`;
  return `Check the bucket '${bucket}' and the server ${server}.`;
}

/** What it says, in a line and without anything that was sent. */
function reasonOf(e: unknown): string {
  const { name = 'Error', code, message = '' } = e as Failure;
  const status = statusOf(e);
  const said = message === '' || message === 'UnknownError' ? name : `${name === 'Error' ? (code ?? name) : name}: ${message}`;
  return `${said.split('\n')[0]!.slice(0, 300)}${status === undefined ? '' : ` (${status})`}`;
}

/** An error of the library as one of ours. */
export const s3Error = (doing: string, address: S3Address, e: unknown): StratusError =>
  StratusError.is(e)
    ? e
    : fail(
        'storage-failed',
        { storage: address.shown, doing, reason: reasonOf(e).replace(/\.$/, ''), fix: fixOf(e, address) },
        e,
      );

/** The library warns of versions of Node that its later versions will not know. Which one is installed is settled by us; whoever runs this can do nothing about it. */
function quietly(make: () => S3Client): S3Client {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** A clock that goes as ours does, but for the seconds that the header cuts off. */
const sameClockMs = 2000;

/** Connects to nothing yet. */
export function s3Server(address: S3Address, patienceMs: number): S3Server {
  const { endpoint, region } = address;
  const client = quietly(
    () =>
      new S3Client({
        maxAttempts: 1, // `request` is patient, and says so in one place
        ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
        ...(region !== undefined ? { region } : endpoint !== undefined && { region: 'us-east-1' }),
        // Checksums that only Amazon knows are refused or mangled elsewhere; what is read is verified by its digest.
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
        requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
      }),
  );
  let ahead = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as { headers?: Readonly<Record<string, string>> };
      const date = Date.parse(headers?.['date'] ?? '');
      const difference = date - Date.now();
      if (!Number.isNaN(date)) ahead = Math.abs(difference) < sameClockMs ? 0 : difference;
      return result;
    },
    { step: 'deserialize', name: 'stratusClock', priority: 'low' },
  );
  return {
    client,
    address,
    now: () => Date.now() + ahead,
    async request(doing, work, signal) {
      const end = performance.now() + patienceMs;
      for (let tries = 0; ; tries++) {
        if (signal?.aborted) throw fail('aborted', { what: doing.replace(/ \w+$/, '') });
        try {
          return await work();
        } catch (e) {
          if (signal?.aborted) throw fail('aborted', { what: doing.replace(/ \w+$/, '') }, e);
          const pauseMs = Math.min(5000, 100 * 2 ** tries) * (0.5 + Math.random() / 2);
          if (!passes(e) || performance.now() + pauseMs > end) throw isMissing(e) ? e : s3Error(doing, address, e);
          await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
        }
      }
    },
  };
}
