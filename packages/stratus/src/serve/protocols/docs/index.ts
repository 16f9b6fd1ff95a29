import type { DataPlane } from '../../data-plane.ts';
import { answerOf, type DescribedPaths, type Protocol, plainProblem, reply } from '../../route.ts';
import { welcome, welcomePage } from '../../welcome.ts';

const html = 'text/html; charset=UTF-8';

/** What there is to call, for visitors and for programs. `GET /` is also what says of a container that it lives. */
export const docs = (plane: DataPlane, protocols: readonly DescribedPaths[]): Protocol => ({
  name: 'docs',
  problem: plainProblem,
  routes: [
    {
      method: 'GET',
      path: '/',
      about: 'what can be called',
      answer: ({ header, origin }) => {
        const routes = [
          ...protocols.flatMap((protocol) => protocol.routes),
          { method: 'GET', path: '/docs' },
          { method: 'GET', path: '/openapi.json' },
        ];
        const paths = routes.map(({ method, path }) => (method === 'GET' ? path : `${method} ${path}`));
        return /\btext\/html\b/.test(header('accept') ?? '')
          ? answerOf(html, welcomePage(plane, origin(), paths))
          : reply(welcome(plane, origin(), paths));
      },
    },
    {
      method: 'GET',
      path: '/docs',
      about: 'the models and the paths as a page',
      answer: async ({ origin }) => answerOf(html, (await import('./page.ts')).docsPage(plane, protocols, origin())),
    },
    {
      method: 'GET',
      path: '/openapi.json',
      about: 'the models and the paths for programs',
      answer: async () => reply((await import('./openapi.ts')).openApi(plane, protocols)),
    },
  ],
});
