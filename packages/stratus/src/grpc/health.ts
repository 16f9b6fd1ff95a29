// Whether the server may be asked, as Kubernetes, Envoy and grpc_health_probe ask it. Source: grpc/grpc, doc/health-checking.md.
import { setTimeout as pause } from 'node:timers/promises';
import { fail } from '@stratus/core';
import { inferenceServiceName } from './inference.ts';
import { map, named, one, schema } from './schema.ts';
import { type Method, streaming, unary } from './service.ts';

const servingStatus = {
  name: 'grpc.health.v1.HealthCheckResponse.ServingStatus',
  values: ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'],
} as const;
const [serving, notServing, serviceUnknown] = [1, 2, 3];

const checkRequest = schema('grpc.health.v1.HealthCheckRequest', { service: one(1, 'string') });
const checkResponse = schema('grpc.health.v1.HealthCheckResponse', { status: named(1, servingStatus) });
const listRequest = schema('grpc.health.v1.HealthListRequest', {});
const listResponse = schema('grpc.health.v1.HealthListResponse', { statuses: map(1, checkResponse) });

const service = 'grpc.health.v1.Health';

/** What has a health: all of it. */
const services = ['', inferenceServiceName];

/** Readiness has no event: who watches is told of a change so much later at most. */
const lookMs = 500;

/** The health service. `isReady` says whether requests are welcome. */
export function healthService(isReady: () => boolean | Promise<boolean>): readonly Method[] {
  const statusOf = async (name: string): Promise<number> => {
    if (!services.includes(name)) return serviceUnknown;
    return (await isReady()) ? serving : notServing;
  };
  const at = (name: string) => ({ service, name, access: 'open' }) as const;
  return [
    unary(at('Check'), checkRequest, checkResponse, async ({ service: name }) => {
      const status = await statusOf(name);
      if (status === serviceUnknown) throw fail('model-not-found', { name, known: services.filter((known) => known !== '') });
      return { status };
    }),
    unary(at('List'), listRequest, listResponse, async () => ({
      statuses: new Map(await Promise.all(services.map(async (name) => [name, { status: await statusOf(name) }] as const))),
    })),
    streaming(
      { ...at('Watch'), streams: 'answers' },
      checkRequest,
      checkResponse,
      async function* (requests, { signal, stopping }) {
        const over = AbortSignal.any([signal, stopping]);
        for await (const { service: name } of requests) {
          let told: number | undefined;
          while (!over.aborted) {
            const status = await statusOf(name);
            if (status !== told) yield { status: (told = status) };
            await pause(lookMs, undefined, { signal: over }).catch(() => {});
          }
          if (!signal.aborted && told !== notServing && told !== serviceUnknown) yield { status: notServing };
        }
      },
    ),
  ];
}
