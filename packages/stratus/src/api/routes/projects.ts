import { z } from 'zod';
import { type AnyRoute, route } from '../route.ts';
import { plainName, time } from '../values.ts';

const project = z.object({ name: plainName }).meta({ id: 'Project' });

const me = z
  .object({
    name: z.string().exactOptional().describe('Left out where no token is needed.'),
    role: z.enum(['viewer', 'trainer', 'deployer', 'admin']),
    project: plainName.exactOptional().describe('Left out where it is all projects.'),
    expiresAt: time.exactOptional(),
  })
  .meta({ id: 'Caller' });

/** What a token allows. */
export type CallerInfo = z.output<typeof me>;

/** Who asks, and which projects there are. */
export const projects: readonly AnyRoute[] = [
  route({
    id: 'getCaller',
    method: 'get',
    path: '/me',
    about: 'What the token of this request allows.',
    role: 'viewer',
    answer: me,
    handle: async ({ caller: { name, role, project, token } }) => ({
      role,
      ...(name !== undefined && { name }),
      ...(project !== undefined && { project }),
      ...(token?.expiresAt && { expiresAt: token.expiresAt.toISOString() }),
    }),
  }),
  route({
    id: 'listProjects',
    method: 'get',
    path: '/projects',
    about: 'The projects that the caller may see.',
    role: 'viewer',
    answer: z.object({ projects: z.array(project) }),
    handle: async ({ store, caller }) => {
      const names = caller.project === undefined ? await store.projects() : [caller.project];
      return { projects: names.map((name) => ({ name })) };
    },
  }),
  route({
    id: 'createProject',
    method: 'put',
    path: '/projects/{name}',
    about: 'Makes a project, if it is not there yet.',
    role: 'everywhere',
    params: z.object({ name: plainName }),
    answer: project,
    handle: async ({ store, params }) => ({ name: (await store.inProject(params.name)).project }),
  }),
];
