import { fail, StratusError } from '@stratus/core';
import { type Access, checkRole } from './api/index.ts';
import { type MlflowAuthorize, mlflowToken } from './mlflow/index.ts';
import type { Store } from './store/index.ts';

/** Browsers send Basic authentication by themselves, also for pages of other sites; a token as Bearer they do not. */
const isForeign = (request: Request, origins: readonly string[]): boolean => {
  const { host, origin } = { host: request.headers.get('host') ?? '', origin: request.headers.get('origin') };
  if (origin === null || origins.includes(origin)) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
};

/**
 * Who may ask what of MLflow's endpoints: the tokens of Stratus, as Bearer or as the password of Basic authentication, with the roles that they have everywhere else. MLflow has
 * no word for projects, so the token says which one is meant; one of all projects, and no token at all, mean that of the server.
 */
export function mlflowAccess(access: Access, own: Store, origins: readonly string[]): MlflowAuthorize {
  const stores = new Map([[own.project, own]]);
  return async (request, { role }) => {
    const token = mlflowToken(request);
    const isBasic = /^basic /i.test(request.headers.get('authorization') ?? '');
    if (isBasic && isForeign(request, origins))
      throw fail('forbidden', {
        reason: 'Pages of other sites may not ask with a password that the browser remembers.',
        fix: 'Send the token as Bearer, or name the site with --allow-origin.',
      });
    try {
      const headers = new Headers(request.headers);
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      const caller = await access.caller({ headers });
      checkRole(caller, role);
      const { name, project = own.project } = caller;
      const store = stores.get(project) ?? (await own.inProject(project));
      stores.set(project, store);
      return { store, ...(name !== undefined && { actor: name }) };
    } catch (e) {
      if (StratusError.is(e) && e.code === 'not-authorized') return 'unauthenticated'; // MLflow has words of its own for how to send one
      throw e;
    }
  };
}
