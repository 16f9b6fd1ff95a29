import { fail } from '@stratus/core';

/** What the port is, where nobody says it: that of SageMaker's and of Vertex AI's contract. */
export const defaultPort = 8080;

/**
 * The port that a cloud wants its container to listen on: Vertex AI's `AIP_HTTP_PORT`, SageMaker's `SAGEMAKER_BIND_TO_PORT` (where several containers share an
 * endpoint); 8080 where there is neither. Azure ML is told the port of a container, and tells it nothing.
 *
 * Errors: `bad-value`.
 * Source: Vertex AI, "custom container requirements"; Amazon SageMaker, "multi-container endpoints".
 */
export function servingPort(env: Readonly<Record<string, string | undefined>>): number {
  for (const name of ['AIP_HTTP_PORT', 'SAGEMAKER_BIND_TO_PORT']) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
    if (port < 1 || port > 65_535)
      throw fail('bad-value', { what: `The variable ${name}`, got: text, want: 'a port, a whole number from 1 to 65535' });
    return port;
  }
  return defaultPort;
}
