import { fail, StratusError } from '../errors.ts';

/** What ONNX Runtime said, without its own file names, function names and error numbers. */
const plainReason = (message: string): string =>
  message
    .replace(/^.*?(?:Status Message|ERROR_MESSAGE): /s, '')
    .replaceAll(/\/\S+\.(?:cc|h):\d+ [^()]*\([^)]*\)(?: const)?(?: \[with [^\]]*\])? ?/g, '')
    .replaceAll(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    .trim();

/** An error of ONNX Runtime as one of ours; its own message and the node's name are kept. */
export function engineError(doing: string, cause: unknown): StratusError {
  if (StratusError.is(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const node = /Name:'([^']*)'/.exec(message)?.[1];
  const reason = plainReason(message) || message;
  return fail('engine', node ? { doing, at: node, reason } : { doing, reason }, cause);
}
