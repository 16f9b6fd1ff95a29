import type { Store } from '../store/index.ts';

/** What a caller may do; each may also do what those before it may. */
export type MlflowRole = 'viewer' | 'trainer' | 'deployer' | 'admin';

/** What is about to be done. */
export interface MlflowAction {
  /** 'POST runs/create'. */
  readonly name: string;
  /** The least role that it takes. */
  readonly role: MlflowRole;
}

/** Who asks, where that was allowed. */
export interface MlflowCaller {
  /** For histories; who the store was opened by where it is left out. */
  readonly actor?: string;
  /** The store with the eyes of the caller's project; that of the workspace where it is left out. */
  readonly store?: Store;
}

/** Lets a request pass, or says why not: 'unauthenticated' is answered with 401, 'forbidden' with 403, and nothing else is revealed. */
export type MlflowAuthorize = (
  request: Request,
  action: MlflowAction,
) => MlflowCaller | 'unauthenticated' | 'forbidden' | Promise<MlflowCaller | 'unauthenticated' | 'forbidden'>;

/**
 * The token that a client of MLflow sends: `MLFLOW_TRACKING_TOKEN` comes as Bearer, `MLFLOW_TRACKING_PASSWORD` by Basic authentication, where the user's name is not looked at.
 * Undefined where there is none.
 *
 * @example
 * import { mlflowToken } from 'stratus';
 * const request = new Request('http://localhost', { headers: { authorization: 'Bearer s3cret' } });
 * console.log(mlflowToken(request)); // 's3cret'
 */
export function mlflowToken(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? '';
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(header) ?? [];
  if (/^bearer$/i.test(scheme)) return value;
  if (!/^basic$/i.test(scheme)) return undefined;
  const given = Buffer.from(value, 'base64').toString('utf8');
  const colon = given.indexOf(':');
  return colon < 0 ? undefined : given.slice(colon + 1);
}
