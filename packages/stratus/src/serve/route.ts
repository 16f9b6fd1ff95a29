import type { ErrorCode } from '@stratus/core';
import type { Ask } from './ask.ts';

/** Says which route of a model's traffic rule a request takes. */
export const routeHeader = 'stratus-route';

/** One request on its way to a route. */
export interface Call {
  /** What the request says under this name, in small letters; null where it says nothing. */
  readonly header: (name: string) => string | null;
  /** The parts of the path that the route names. */
  readonly params: Readonly<Record<string, string>>;
  /** `http://localhost:8080`, as the client knows it. */
  readonly origin: () => string;
  /** What the request says besides its tensors: version, abort signal, request id. */
  readonly ask: () => Ask;
  /** The body, unpacked, for as long as `use` takes. Errors: `too-large`, `busy`, `aborted`, `bad-request` for an encoding that is not known. */
  readonly withBody: <T>(use: (body: Uint8Array) => Promise<T>) => Promise<T>;
}

/** One path, as far as it is described. */
export interface DescribedPath {
  readonly method: 'GET' | 'POST';
  /** `/v2/models/{model}/infer`; a part may end in a word: `/v1/models/{model}:predict`. */
  readonly path: string;
  /** What it is for, in one sentence. */
  readonly about: string;
  /** What is sent, as a JSON schema with examples, where that is the same for every model. */
  readonly takes?: Readonly<Record<string, unknown>>;
}

/** Paths that belong together, by a name that people see. */
export interface DescribedPaths {
  readonly name: string;
  readonly routes: readonly DescribedPath[];
}

/** One path of a protocol. */
export interface Route extends DescribedPath {
  readonly answer: (call: Call) => Answer | Promise<Answer>;
}

/** What a client gets. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** What went wrong, before a protocol has put it in its own form. */
export interface Problem {
  readonly status: number;
  /** 'no-path' where nothing is at this path. */
  readonly code: ErrorCode | 'no-path' | 'internal';
  readonly message: string;
  readonly method: string;
  readonly path: string;
}

/** A way to ask models over HTTP. It declares what it has; `app.ts` does the rest. */
export interface Protocol {
  /** For those who observe requests: 'oip-http'. */
  readonly name: string;
  /** Paths below it are this protocol's, also those that do not exist: their errors have its form. */
  readonly prefix?: string;
  readonly routes: readonly Route[];
  /** An error in the protocol's own form: its body, and its status where that is another one. */
  readonly problem: (problem: Problem) => { readonly body: unknown; readonly status?: number; readonly type?: string };
}

/** The form of the Open Inference Protocol, which most of the others share: a sentence, and a code for programs. */
export const plainProblem: Protocol['problem'] = ({ message, code }) => ({
  body: code === 'internal' ? { error: message } : { error: message, code: code === 'no-path' ? 'bad-request' : code },
});

/** A text or bytes of a type as an answer. */
export const answerOf = (
  type: string,
  body: Answer['body'],
  { status = 200, headers = {} }: Partial<Pick<Answer, 'status' | 'headers'>> = {},
): Answer => ({ status, headers: { 'content-type': type, ...headers }, body });

/** A text that is JSON already as an answer. */
export const replyText = (text: string, status = 200): Answer => answerOf('application/json', text, { status });

/** JSON as an answer. */
export const reply = (value: unknown, status = 200): Answer => replyText(JSON.stringify(value), status);
