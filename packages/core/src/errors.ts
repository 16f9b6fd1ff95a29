const marker = Symbol.for('stratus.error');

/** What an error carries besides its sentence: plain data, so that a program can react to it. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * Every error that Stratus throws on purpose. `code` is stable and part of the API; the message is for people.
 *
 * @example
 * import { StratusError, tensor } from '@stratus/core';
 * try {
 *   tensor([1, 2, 3], { shape: [2, 2] });
 * } catch (e) {
 *   if (StratusError.is(e)) console.log(e.code); // 'bad-value'
 * }
 */
export class StratusError extends Error {
  readonly [marker] = true;
  override readonly name = 'StratusError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.details = details;
  }

  /** True across bundles and copies of the package, where `instanceof` is not. */
  static is(e: unknown): e is StratusError {
    return typeof e === 'object' && e !== null && marker in e;
  }
}

interface Report {
  /** The thing that complains: an op, a layer, a function, a file. */
  readonly what: string;
  /** Where in the model: a layer path. */
  readonly at?: string;
  readonly got: string;
  readonly want: string;
  /** How to mend it: one or two sentences. */
  readonly fix?: string;
}

const report = ({ what, at, got, want, fix }: Report): string =>
  `${what}${at ? ` at ${at}` : ''}: got ${got}, expected ${want}.${fix ? ` ${fix}` : ''}`;

interface Unknown {
  /** The kind of thing: 'optimizer', 'layer', 'loss'. */
  readonly kind: string;
  readonly name: string;
  /** The nearest known name, if any is near. */
  readonly suggestion?: string | undefined;
  readonly known: readonly string[];
  /** What to do, where more than the name may be wrong. */
  readonly fix?: string;
}

/** One sentence per code: what, where, what was expected, how to fix it. */
const sentences = {
  'shape-mismatch': report,
  'dtype-mismatch': report,
  'bad-value': report,
  'bad-graph': report,
  'unknown-name': ({ kind, name, suggestion, known, fix }: Unknown) =>
    `There is no ${kind} named '${name}'.${suggestion ? ` Did you mean '${suggestion}'?` : ''} Known: ${known.join(', ') || 'none'}.${fix ? ` ${fix}` : ''}`,
  'no-gradient': (d: { op: string; at: string; path: string }) =>
    `${d.op}${d.at ? ` at ${d.at}` : ''} has no gradient rule, but the result depends on what is differentiated through it (${d.path}). ` +
    `Freeze what lies before it, or add the rule in the op's file.`,
  'unsupported-ops': (d: { ops: readonly string[] }) =>
    `The model uses operators that are not in the table: ${d.ops.join(', ')}. It can be served as it is, but not changed or trained.`,
  'not-onnx': (d: { file: string; reason: string }) =>
    `${d.file} is not an ONNX model that can be read: ${d.reason}. Check the path, or write the file again.`,
  corrupt: (d: { file: string; reason: string; fix: string }) => `${d.file} is damaged: ${d.reason}. ${d.fix}`,
  'no-manifest': (d: { file: string }) =>
    `${d.file} carries no Stratus manifest: it runs and can be served, but its architecture is not known, so it cannot be trained on.`,
  'not-compiled': (d: { call: string }) =>
    `${d.call} needs to know the optimizer and the loss. Call model.compile({ optimizer, loss }) first.`,
  'not-finite': (d: {
    step: number;
    epoch: number;
    value: string;
    checkpoint?: string | undefined;
    doubtful?: string | undefined;
  }) =>
    `The loss became ${d.value} at step ${d.step} (epoch ${d.epoch}), and training stopped. ` +
    (d.checkpoint ? `The last good state is the checkpoint ${d.checkpoint}. ` : '') +
    (d.doubtful ? `The checkpoint ${d.doubtful} holds the weights with which it happened. ` : '') +
    `Lower the learning rate, clip the gradients (globalClipNorm: 1), or look for NaN in the data.`,
  'label-range': (d: { got: string; classes: number; at?: string }) =>
    `Labels${d.at ? ` of ${d.at}` : ''} must be whole numbers from 0 to ${d.classes - 1} (${d.classes} classes), but ${d.got} occurs. ` +
    `Renumber the labels from 0, or give the last layer more units.`,
  'index-range': (d: { at: string; got: string; size: number }) =>
    `${d.at} looks things up by numbers from 0 to ${d.size - 1}, but ${d.got} occurs. ` +
    `If these are token ids, check them against the vocabulary, or raise inputDim; if they are positions, cut the sequences, or raise maxLength; if they are edges, against the nodes.`,
  engine: (d: { doing: string; at?: string; reason: string }) =>
    `ONNX Runtime failed while ${d.doing}${d.at ? ` at ${d.at}` : ''}: ${d.reason}`,
  'no-device': (d: { device: string; reason: string; fix: string }) =>
    `The device '${d.device}' cannot be used here: ${d.reason.replace(/\.$/, '')}. ${d.fix}`,
  released: (d: { what: string }) => `${d.what} was released and cannot be used any more. Create it again.`,
  aborted: (d: { what: string; resume?: string | undefined }) =>
    `${d.what} was stopped.${d.resume ? ` A checkpoint is in ${d.resume}; pass { resume: '${d.resume}' } to go on from it.` : ''}`,
  'no-checkpoint': (d: { dir: string; reason: string }) =>
    `There is no usable checkpoint in ${d.dir}: ${d.reason}. Check the folder, or start training without resume.`,
  'checkpoint-mismatch': (d: { dir: string; reason: string }) =>
    `The checkpoint in ${d.dir} belongs to another training: ${d.reason}. Use the same model, optimizer and data, or another folder.`,
  'file-not-found': (d: { file: string; looked?: readonly string[]; fix?: string | undefined }) =>
    `${d.file} was not found.${d.looked?.length ? ` Looked in: ${d.looked.join('; ')}.` : ` ${d.fix ?? 'Check the path.'}`}`,
  'file-failed': (d: { file: string; doing: string; reason: string }) =>
    `${d.doing} ${d.file} failed: ${d.reason}. ` +
    (/^reading/i.test(d.doing)
      ? 'Check the path and the permissions.'
      : 'Nothing was changed; free the space or fix the permissions and try again.'),
  'database-failed': (d: { database: string; doing: string; reason: string; fix: string }) =>
    `${d.doing} ${d.database} failed: ${d.reason}. ${d.fix}`,
  'storage-failed': (d: { storage: string; doing: string; reason: string; fix: string }) =>
    `${d.doing} ${d.storage} failed: ${d.reason}. ${d.fix}`,
  'store-too-new': (d: { store: string; found: number; known: number }) =>
    `The store ${d.store} has version ${d.found} of the tables, and this version of Stratus knows only up to ${d.known}. Nothing was changed. ` +
    `Install a version of Stratus that knows version ${d.found}, or open another store.`,
  conflict: (d: { what: string; reason: string; fix: string }) => `${d.what} ${d.reason}. ${d.fix}`,
  'no-files': (d: { doing: string }) =>
    `${d.doing} needs a file system, which this environment lacks. Use bytes instead: model.toBytes() and load(bytes).`,
  'data-not-found': (d: { dataset: string; file: string; looked: readonly string[]; fix: string }) =>
    `The data set ${d.dataset} needs ${d.file}, which was found in none of:\n  ${d.looked.join('\n  ')}\n${d.fix}`,
  'port-in-use': (d: { host: string; port: number; option?: string }) =>
    `Port ${d.port} on ${d.host} is already in use. Choose another with ${d.option ?? '--port'} (0 picks a free one), or stop the program that has it.`,
  'cannot-listen': (d: { host: string; port: number; reason: string }) =>
    `Cannot listen on ${d.host}:${d.port}: ${d.reason}. Check the host name and the permission for this port.`,
  'model-not-found': (d: { name: string; known: readonly string[] }) =>
    `There is no model '${d.name}' here. Known: ${d.known.join(', ') || 'none'}.`,
  'bad-request': (d: { reason: string }) => d.reason,
  'not-authorized': (d: { reason: string; fix: string }) => `${d.reason} ${d.fix}`,
  forbidden: (d: { reason: string; fix: string }) => `${d.reason} ${d.fix}`,
  'request-failed': (d: { url: string; reason: string; fix: string }) => `Asking ${d.url} failed: ${d.reason}. ${d.fix}`,
  'too-large': (d: { limitBytes: number }) =>
    `The request body is larger than the limit of ${d.limitBytes} bytes. Send fewer rows at a time, or raise the limit.`,
  busy: (d: { waiting: number; retryAfterMs?: number }) =>
    `The server is at its limit: ${d.waiting} requests are waiting. Try again in ${d.retryAfterMs === undefined ? 'a moment' : `${Math.ceil(d.retryAfterMs)} ms`}.`,
  deadline: (d: { deadlineMs: number }) =>
    `The request was to be answered within ${d.deadlineMs} ms, and that time is over. Give it longer, or ask for less at a time.`,
  'too-many-requests': (d: { name: string; perMinute: number; retryAfterMs: number }) =>
    `'${d.name}' may send ${d.perMinute} requests a minute, and has. Try again in ${Math.ceil(d.retryAfterMs / 1000)} s.`,
  usage: (d: { reason: string; fix: string }) => `${d.reason} ${d.fix}`.trimEnd(),
} as const;

/** The stable names of all errors. */
export type ErrorCode = keyof typeof sentences;
type DetailsOf<C extends ErrorCode> = Parameters<(typeof sentences)[C]>[0];

/**
 * The only way to make one: `throw fail(code, details)`.
 *
 * @example
 * import { fail } from '@stratus/core';
 * console.log(fail('bad-value', { what: 'split', got: '1.5', want: 'a share between 0 and 1' }).message);
 */
export const fail = <C extends ErrorCode>(code: C, details: DetailsOf<C>, cause?: unknown): StratusError =>
  new StratusError(
    code,
    details as unknown as ErrorDetails,
    (sentences[code] as (d: DetailsOf<C>) => string)(details),
    cause === undefined ? undefined : { cause },
  );
