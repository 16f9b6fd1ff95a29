import { fail } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import { type Protocol, type Route, reply, replyText } from '../../route.ts';
import { isRecord } from '../../rows.ts';
import { valueOf } from '../../text.ts';
import { onlyModel } from '../records.ts';
import { predictionsOf } from './samples.ts';

/** Where Vertex AI asks a container. */
export interface VertexRoutes {
  /** '/predict', for instance; there is none unless told. */
  readonly predict?: string | undefined;
  readonly health?: string | undefined;
}

/** What the environment of a container on Vertex AI says. Source: Vertex AI, "custom container requirements". */
export const vertexRoutes = (env: Readonly<Record<string, string | undefined>>): VertexRoutes => ({
  predict: env['AIP_PREDICT_ROUTE'] || undefined,
  health: env['AIP_HEALTH_ROUTE'] || undefined,
});

/** A path as it is. Errors: `bad-value`. */
function checked(what: string, path: string): string {
  if (/^(\/[\w.-][\w.:-]*)+$/.test(path)) return path;
  throw fail('bad-value', { what, got: path, want: "a path such as '/predict'" });
}

/** Google's names of errors. Source: google/rpc/code.proto. */
const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/**
 * What Vertex AI asks of a container: instances, to predictions.
 * Source: Vertex AI, "custom container requirements for prediction".
 */
export const vertexAi = (plane: DataPlane, { predict, health }: VertexRoutes): Protocol => {
  const routes: Route[] = [];
  if (predict !== undefined)
    routes.push({
      method: 'POST',
      path: checked('AIP_PREDICT_ROUTE', predict),
      about: 'ask the only model (Vertex AI)',
      answer: async (call) => {
        const name = await onlyModel(plane, (own) => `/v2/models/${own}/infer`);
        return call.withBody(async (bytes) => {
          const body = await valueOf(bytes, 'instances as JSON');
          if (!isRecord(body) || !Array.isArray(body['instances']))
            throw fail('bad-request', { reason: 'The body has no "instances". One looks like {"instances":[[1,2]]}.' });
          return replyText(`{"predictions":${await predictionsOf(plane, name, call.ask(), { rows: body['instances'] })}}`);
        });
      },
    });
  if (health !== undefined)
    routes.push({
      method: 'GET',
      path: checked('AIP_HEALTH_ROUTE', health),
      about: 'whether it is ready (Vertex AI)',
      answer: () => reply({ ready: plane.ready() }, plane.ready() && plane.models().length > 0 ? 200 : 503),
    });
  return {
    name: 'vertex',
    problem: ({ status, message }) => ({ body: { error: { code: status, message, status: statuses[status] ?? 'INTERNAL' } } }),
    routes,
  };
};
