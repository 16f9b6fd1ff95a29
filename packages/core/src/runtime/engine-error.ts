import { fail, StratusError } from '../errors.ts';

/** What ONNX Runtime said, without its own file names, function names and error numbers. */
export const plainReason = (message: string): string =>
  message
    .replace(/^.*?(?:Status Message|ERROR_MESSAGE): /s, '')
    .replaceAll(/\/\S+\.(?:cc|h):\d+ [^()]*\([^)]*\)(?: const)?(?: \[with [^\]]*\])? ?/g, '')
    .replaceAll(/\[ONNXRuntimeError\] : \d+ : \w+ : /g, '')
    .trim();

/** `dense_1/MatMul` -> `dense_1`. */
const layerOf = (node: string): string => node.replace(/\/[^/]*$/, '');

/** What Gather says of an index that is not there. Layers make sure that it also says so of negative ones. */
function outsideOf(node: string, message: string): { at: string; got: string; size: number } | undefined {
  const found = /out of data bounds, idx=(-?\d+) must be within the inclusive range \[-?\d+,(-?\d+)\]/.exec(message);
  if (!found) return undefined;
  const [index, last] = [Number(found[1]), Number(found[2])];
  return { at: layerOf(node), got: index < 0 ? 'a number below 0' : String(index), size: last + 1 };
}

/** What kernels say where windows, or what is cut off, reach over the end of an axis whose size nobody knew before. */
const tooSmall =
  /Invalid input shape: \{|out_size >= 0 was false|Calculated output dimension is negative|Size\(\) must be >= 0|Only N can be zero/;

const noSteps = { got: 'an axis of size 0', want: 'at least one step', fix: 'Leave empty sequences out, or pad them.' };
const tooShort = {
  got: 'an axis that is shorter than the windows on it, or than what is cut off',
  want: 'a longer one',
  fix: 'Give longer sequences or larger images, or pad them; or make the windows smaller.',
};

/** An error of ONNX Runtime as one of ours; its own message and the node's name are kept. */
export function engineError(doing: string, cause: unknown): StratusError {
  if (StratusError.is(cause)) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const node = /Name:'([^']*)'/.exec(message)?.[1];
  const outside = node && outsideOf(node, message);
  const empty = /Invalid dim0_offset of 0\. Dimension 0 is 0/.test(message) || (outside && outside.size === 0); // Scan, Gather
  if (node && (empty || tooSmall.test(message)))
    return fail('shape-mismatch', { what: 'input', at: layerOf(node), ...(empty ? noSteps : tooShort) }, cause);
  if (outside) return fail('index-range', outside, cause);
  const reason = plainReason(message) || message;
  return fail('engine', node ? { doing, at: node, reason } : { doing, reason }, cause);
}
