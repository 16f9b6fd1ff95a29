import type { MessageOf, Partly, Schema } from './schema.ts';

/** Who asks, and how long. */
export interface Asked {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** The answer is worth nothing after so many milliseconds. */
  readonly deadlineMs?: number | undefined;
  readonly client?: string | undefined;
  /** What its metadata say under a name. */
  readonly header?: ((name: string) => string | undefined) | undefined;
  /** Whether it may ask this model; all where it is left out. Errors: `forbidden`. */
  readonly checkModel?: ((model: string) => void) | undefined;
  /** Is called by what tells observers of the request itself, also where it fails. */
  readonly takesOver?: (() => void) | undefined;
  /** Aborted when the server is about to stop: what would go on for ever ends. */
  readonly stopping: AbortSignal;
}

/** One call that clients can make. */
export interface Method {
  /** `inference.GRPCInferenceService` */
  readonly service: string;
  readonly name: string;
  readonly request: Schema;
  readonly response: Schema;
  readonly streams: 'neither' | 'answers' | 'both';
  /** Who may call it: everybody, since who spreads requests has no token; who may ask models; who may change which there are. */
  readonly access: 'open' | 'asks' | 'changes';
  readonly answer: (requests: AsyncIterable<unknown>, asked: Asked) => AsyncIterable<unknown>;
  /** The same for one question with one answer. */
  readonly answerOne?: (request: unknown, asked: Asked) => unknown;
}

interface Place {
  readonly service: string;
  readonly name: string;
  readonly access: Method['access'];
}

async function* nothing(): AsyncGenerator<never> {}

/** A call with one question and one answer. */
export const unary = <Q extends Schema, A extends Schema>(
  { service, name, access }: Place,
  request: Q,
  response: A,
  answer: (request: MessageOf<Q>, asked: Asked) => Promise<Partly<A>> | Partly<A>,
): Method => ({
  service,
  name,
  access,
  request,
  response,
  streams: 'neither',
  answer: nothing,
  answerOne: answer as Method['answerOne'] & {},
});

/** A call with many answers to one question, or to many. */
export const streaming = <Q extends Schema, A extends Schema>(
  { service, name, access, streams }: Place & { readonly streams: 'answers' | 'both' },
  request: Q,
  response: A,
  answer: (requests: AsyncIterable<MessageOf<Q>>, asked: Asked) => AsyncIterable<Partly<A>>,
): Method => ({ service, name, access, request, response, streams, answer: answer as Method['answer'] });
