import { version } from '@stratus/core';
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { problem } from './problem.ts';
import type { AnyRoute } from './route.ts';
import { groups } from './routes/index.ts';

const binary = z.string().meta({ format: 'binary' });
const problemContent = { 'application/problem+json': { schema: problem } };

const failing = (route: AnyRoute) => ({
  400: { description: 'The request is not as it should be.', content: problemContent },
  401: { description: 'No token, or one that does not count.', content: problemContent },
  403: { description: 'The token does not allow this, or not in this project.', content: problemContent },
  ...(route.params && { 404: { description: 'Something that is named is not there.', content: problemContent } }),
  ...(route.method !== 'get' && { 409: { description: 'It does not go with what is there.', content: problemContent } }),
  ...((route.body || route.takes) && {
    413: { description: 'The body is too large.', content: problemContent },
    415: { description: 'The body is of another type.', content: problemContent },
  }),
  503: { description: 'Try again in a moment.', content: problemContent },
});

function succeeding({ answer, gives, status = answer || gives ? 200 : 204 }: AnyRoute) {
  const headers = { 'x-request-id': { schema: { type: 'string' as const } } };
  if (gives === 'text/event-stream')
    return {
      200: { description: 'Events as they come.', headers, content: { [gives]: { schema: z.string() } } },
      204: { description: 'Nothing will come any more.' },
    };
  if (gives !== undefined) {
    const content = { [gives]: { schema: binary } };
    return {
      200: { description: 'All bytes.', headers, content },
      206: { description: 'The range that was asked for.', headers, content },
      304: { description: 'They are known already.' },
      416: { description: 'There is no such range.' },
    };
  }
  if (answer === undefined) return { 204: { description: 'Done.', headers } };
  const done = { description: status === 201 ? 'Made.' : 'Done.', headers, content: { 'application/json': { schema: answer } } };
  return { [status]: done };
}

const operation = (route: AnyRoute, tag: string): ZodOpenApiOperationObject => ({
  operationId: route.id,
  tags: [tag],
  summary: route.about,
  description: route.role === 'everywhere' ? 'Needs an admin of all projects.' : `Needs the role ${route.role}.`,
  requestParams: { ...(route.params && { path: route.params }), ...(route.query && { query: route.query }) },
  ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
  ...(route.takes && { requestBody: { required: true, content: { [route.takes]: { schema: binary } } } }),
  responses: { ...succeeding(route), ...failing(route) } as ZodOpenApiOperationObject['responses'],
});

let made: ReturnType<typeof createDocument> | undefined;

/** The document of OpenAPI 3.1 that describes all routes, out of their own schemas. */
export function openApi(): ReturnType<typeof createDocument> {
  if (made !== undefined) return made;
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [tag, routes] of Object.entries(groups))
    for (const route of routes) (paths[`/api/v1${route.path}`] ??= {})[route.method] = operation(route, tag);
  made = createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Stratus',
      version,
      description: 'Runs, metrics, logs, files, models, aliases and jobs of projects. Errors are problem details (RFC 9457).',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: Object.keys(groups).map((name) => ({ name })),
    paths: paths as ZodOpenApiPathsObject,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "A token of `stratus tokens create`: 'st_…'." },
      },
    },
  });
  return made;
}
