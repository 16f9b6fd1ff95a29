import { z } from 'zod';
import { text } from './fields.ts';
import { childrenOf, cleanPath } from './file-place.ts';
import { runOf } from './find.ts';
import { invalid, Problem } from './problem.ts';
import { type Route, route } from './route.ts';
import { runRoot } from './run-shape.ts';

const anyRun = z.object({ run_id: z.string().default(''), run_uuid: z.string().default(''), path: z.string().default('') });

/** What files a run has. They are read and written by `artifact-proxy.ts`. */
export const artifactRoutes: readonly Route[] = [
  route('GET', 'artifacts/list', 'viewer', anyRun, async ({ run_id, run_uuid, path }, { store }) => {
    const key = run_id || run_uuid;
    if (key === '') throw invalid("Missing value for required parameter 'run_id'.");
    const placed = await runOf(store, key);
    const folder = cleanPath(path);
    const children = childrenOf(await store.artifacts.list(key), folder);
    const isFile = children.length === 1 && children[0]!.path === folder;
    return { root_uri: runRoot(placed), files: isFile ? [] : children };
  }),
  ...(['upload', 'download'] as const).map((what) =>
    route('POST', `artifacts/presigned-${what}-url`, 'viewer', z.object({ path: text }), async () => {
      throw new Problem(
        'NOT_IMPLEMENTED',
        `Presigned ${what} is not supported for the current artifact repository: use the server's own artifact proxy.`,
      );
    }),
  ),
];
