import { fail } from '@stratus/core';
import { isLoopback } from '../keys/index.ts';
import type { Role, Store } from '../store/index.ts';

/** Who asks. */
export interface Caller {
  /** For histories; undefined where no token was needed: then it is who started the server. */
  readonly name: string | undefined;
  readonly role: Role;
  /** Undefined: all projects. */
  readonly project: string | undefined;
  readonly token?: { readonly key: string; readonly expiresAt: Date | undefined };
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, trainer: 1, deployer: 2, admin: 3 };
const local: Caller = { name: undefined, role: 'admin', project: undefined };

/** Decides who may ask what. */
export class Access {
  readonly #store: Store;
  readonly #mayBeOpen: boolean;
  #anyToken = false;

  /** `mayBeOpen`: where there is no token at all, everything is allowed. */
  constructor(store: Store, { mayBeOpen }: { readonly mayBeOpen: boolean }) {
    this.#store = store;
    this.#mayBeOpen = mayBeOpen;
  }

  /** Errors: `not-authorized`, `forbidden`, `database-failed`. */
  async caller(request: Pick<Request, 'headers'>): Promise<Caller> {
    const given = request.headers.get('authorization');
    if (given !== null) return await this.#ofToken(given);
    if (!this.#mayBeOpen || (await this.#hasTokens()))
      throw fail('not-authorized', {
        reason: 'This server asks for a token.',
        fix: "Send it in the header 'Authorization: Bearer st_…'; an admin of the project makes one with stratus tokens create.",
      });
    // Open to this machine, but not to pages of the web that its browser shows: they may send requests here, under a name of their own.
    const { host, origin } = { host: request.headers.get('host') ?? '', origin: request.headers.get('origin') };
    if (!isLoopback(host) || (origin !== null && !isOwn(origin, host)))
      throw fail('forbidden', {
        reason: 'Without tokens this server answers programs of this machine alone, not pages of other sites.',
        fix: 'Ask it as localhost, or make a token with stratus tokens create and send it.',
      });
    return local;
  }

  /** There is a token since somebody made the first one; ended ones count, so that a server does not open again by itself. */
  async #hasTokens(): Promise<boolean> {
    this.#anyToken ||= await this.#store.tokens.any();
    return this.#anyToken;
  }

  async #ofToken(header: string): Promise<Caller> {
    const secret = /^Bearer +(\S+) *$/i.exec(header)?.[1];
    if (secret === undefined)
      throw fail('not-authorized', {
        reason: "The header 'authorization' is of another kind.",
        fix: "Send 'Authorization: Bearer st_…'.",
      });
    const { name, role, project, key, expiresAt } = await this.#store.tokens.verify(secret);
    return { name, role, project, token: { key, expiresAt } };
  }
}

const isOwn = (origin: string, host: string): boolean => {
  try {
    return new URL(origin).host === host;
  } catch {
    return false; // 'null', of a sandbox
  }
};

/** Nothing is said of a project that the caller may not see, not even whether it is there. Errors: `forbidden`. */
export function checkProject(caller: Caller, project: string): void {
  if (caller.project === undefined || caller.project === project) return;
  throw fail('forbidden', {
    reason: 'The token does not count for this project.',
    fix: `It counts for '${caller.project}': ask for that one, or take another token.`,
  });
}

/** Errors: `forbidden`. */
export function checkRole(caller: Caller, needed: Role | 'everywhere'): void {
  if (needed === 'everywhere' ? caller.role === 'admin' && caller.project === undefined : ranks[caller.role] >= ranks[needed])
    return;
  const [what, how] =
    needed === 'everywhere'
      ? ['an admin of all projects', '--role admin --all-projects']
      : [`the role ${needed}`, `--role ${needed}`];
  throw fail('forbidden', {
    reason: `This needs ${what}; the token has the role ${caller.role}${caller.project === undefined ? '' : ` of the project '${caller.project}'`}.`,
    fix: `An admin makes one that may: stratus tokens create NAME ${how}.`,
  });
}
