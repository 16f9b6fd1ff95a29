import type { Problem, Protocol } from '../../route.ts';

/**
 * Errors as TensorFlow Serving writes them.
 * Source: tensorflow/serving, model_servers/http_rest_api_handler.cc.
 */
export const problem: Protocol['problem'] = ({ code, message, method, path }: Problem) => {
  if (code === 'no-path') return { status: 400, body: { error: `Malformed request: ${method} ${path}. ${message}` } };
  // A model's name does not end so: the verb was asked with the wrong method.
  if (code === 'model-not-found' && method !== 'POST' && /:(predict|classify|regress)$/.test(path))
    return { status: 400, body: { error: `Malformed request: ${method} ${path}. It takes POST.` } };
  return { body: { error: code === 'model-not-found' ? `Servable not found for request: ${asked(path)}. ${message}` : message } };
};

/** `Latest(half)` or `Specific(half, 2)`, out of the path. */
function asked(path: string): string {
  const [, name = '', version] = /^\/v1\/models\/([^/:]+)(?:\/(?:versions|labels)\/([^/:]+))?/.exec(path) ?? [];
  return version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
}
