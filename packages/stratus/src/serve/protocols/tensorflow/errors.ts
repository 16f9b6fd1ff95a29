import type { Problem, Protocol } from '../../route.ts';

/**
 * Errors as TensorFlow Serving writes them.
 * Source: tensorflow/serving, model_servers/http_rest_api_handler.cc.
 */
export const problem: Protocol['problem'] = ({ code, message, method, path }: Problem) => {
  if (code === 'no-path') return { status: 400, body: { error: `Malformed request: ${method} ${path}. ${message}` } };
  return { body: { error: code === 'model-not-found' ? `Servable not found for request: ${asked(path)}. ${message}` : message } };
};

/** `Latest(half)` or `Specific(half, 2)`, out of the path. */
function asked(path: string): string {
  const [, name = '', version] = /^\/v1\/models\/([^/:]+)(?:\/(?:versions|labels)\/([^/:]+))?/.exec(path) ?? [];
  return version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
}
