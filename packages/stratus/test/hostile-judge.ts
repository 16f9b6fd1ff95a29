// What an answer has to be, whatever was asked: whole, no 5xx, in the form of errors, and right where it says that it is.
import type { HttpRequest } from './hostile-requests.ts';
import type { RawAnswer } from './pipelined.ts';
import { answer } from './serving.ts';

/** Words that tell of our insides. */
export const insides =
  /\n\s+at |node:internal|\.ts:\d|\.js:\d|undefined is not|Cannot read prop|is not a function|is not iterable|Invalid array length|internal error/;

/** What the small model has to say to a body that it was sent; undefined where it has to refuse. */
function smallWanted(body: Buffer): readonly number[] | undefined {
  const { inputs } = JSON.parse(body.toString()) as {
    readonly inputs: readonly { name: unknown; datatype: unknown; shape: readonly unknown[]; data: readonly unknown[] }[];
  };
  const [x, ...more] = inputs;
  const data = x!.data.flat(9);
  const isRight =
    more.length === 0 &&
    x!.name === 'x' &&
    x!.datatype === 'FP32' &&
    x!.shape.length === 2 &&
    x!.shape[1] === 3 &&
    data.length === Number(x!.shape[0]) * 3 &&
    data.every((v) => typeof v === 'number');
  if (!isRight) return undefined;
  return Array.from({ length: data.length / 3 }, (_, i) => answer(data.slice(3 * i, 3 * i + 3) as number[])).flat();
}

/** A request to the small model that was answered must have been right, and so must be the answer. */
function otherThanSmall({ path, method, headers, body }: HttpRequest, got: RawAnswer): string | undefined {
  const isPlain = headers['inference-header-content-length'] === undefined && headers['content-encoding'] === undefined;
  const isAsked = method === 'POST' && /\/v2\/models\/small(\/versions\/1)?\/infer$/.test(path) && isPlain;
  if (!isAsked || !/^content-type: application\/json/im.test(got.head)) return undefined;
  let want: readonly number[] | undefined;
  try {
    want = smallWanted(body);
  } catch {
    return 'what is no request was answered';
  }
  if (want === undefined) return 'a wrong request was answered';
  const data = (JSON.parse(got.body.toString()) as { outputs: { data?: unknown }[] }).outputs[0]?.data;
  if (!Array.isArray(data) || typeof data[0] === 'string') return undefined; // it was asked for otherwise
  if (data.length !== want.length) return `${data.length} numbers instead of ${want.length}`;
  const at = want.findIndex((v, i) => Number.isFinite(v) && !(Math.abs(Number(data[i]) - v) <= 1e-5 * Math.max(1, Math.abs(v))));
  return at < 0 ? undefined : `element ${at} is ${String(data[at])}, not ${want[at]}`;
}

/** The sentence in an error of any protocol. */
function sentenceOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const { error, message, detail, title } = value as Readonly<Record<string, unknown>>;
  const inner = typeof error === 'object' && error !== null ? (error as { readonly message?: unknown }).message : error;
  return inner ?? message ?? detail ?? title;
}

/** Where an answer above 499 is right: the model that comes and goes is away, or the client's own deadline is over. */
const mayFail = ({ path, body }: HttpRequest, status: number): boolean =>
  (status === 503 && path.includes('cycled')) || (status === 504 && body.includes('timeout'));

/** What is wrong with an answer; undefined where nothing is. */
export function judge(request: HttpRequest, got: RawAnswer): string | undefined {
  const { status, head, body } = got;
  const text = body.toString();
  const about = `${status} ${text.slice(0, 300)}`;
  if (status >= 500 && !mayFail(request, status)) return `answers ${about}`;
  if (request.wanted) {
    const wrong = request.wanted(status, body, head);
    return wrong && `${wrong}: ${about}`;
  }
  const isJson = /^content-type: application\/(problem\+)?json/im.test(head);
  let value: unknown;
  if (isJson && body.length > 0) {
    try {
      // TensorFlow Serving's JSON may say NaN and Infinity.
      value = JSON.parse(request.path.startsWith('/v1/') ? text.replaceAll(/-?\b(NaN|Infinity)\b/g, '0') : text);
    } catch {
      return `is no JSON: ${about}`;
    }
  }
  if (status < 400) return otherThanSmall(request, got);
  if (request.method === 'HEAD' || status === 416) return undefined;
  const said = isJson ? sentenceOf(value) : text;
  if (typeof said !== 'string' || said.length < 5) return `says nothing: ${about}`;
  if (insides.test(said)) return `tells of its insides: ${about}`;
  return undefined;
}
