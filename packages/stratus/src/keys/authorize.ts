import { fail } from '@stratus/core';
import type { Followed } from '../sockets/index.ts';
import type { Client } from './client.ts';
import { rateLimiter, type TakeTurn } from './rate.ts';
import type { TokenOptions } from './tokens.ts';

/** Where it is said who may ask. */
export interface AccessOptions {
  /** A file of keys, as `stratus keys create` writes it; it is read again when it changes. */
  readonly keys?: string | undefined;
  /** Tokens of somebody else. */
  readonly tokens?: TokenOptions | undefined;
  /** Counts requests; this process alone unless told. */
  readonly takeTurn?: TakeTurn | undefined;
  readonly report: (error: unknown) => void;
}

/** The headers of HTTP, or the metadata of gRPC. */
export interface HeaderSource {
  get(name: string): string | null | undefined;
}

/** Tells who asks. */
export interface Authorizer {
  /** False: everybody may do everything. */
  readonly needsKey: boolean;
  /** Who asks, counted as one request of its share. Errors: `not-authorized`, `too-many-requests`. */
  authorize(headers: HeaderSource): Promise<Client>;
  readonly followed: readonly Followed[];
}

/** Everybody, where nobody needs a key. */
const anybody: Client = { id: '', name: 'anybody', manage: true };

/** The secret in the headers. Errors: `not-authorized`. */
function secretIn(headers: HeaderSource): string {
  const [header, key] = [headers.get('authorization'), headers.get('x-api-key')];
  const bearer = header && /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (bearer) return bearer;
  if (!header && key) return key.trim();
  throw fail('not-authorized', {
    reason: header ? "The header 'authorization' is of another kind." : 'This server asks for a key.',
    fix: "Send it in the header 'Authorization: Bearer sk_…', or in 'X-API-Key'.",
  });
}

/** Opens what tells who asks. Errors: `file-not-found`, `file-failed`, `bad-value`, `usage`. */
export async function openAuthorizer({ keys, tokens, takeTurn = rateLimiter(), report }: AccessOptions): Promise<Authorizer> {
  // Read only where they are needed: a server starts quicker without.
  const ring = keys === undefined ? undefined : await (await import('./key-ring.ts')).openKeyRing(keys, report);
  const check = tokens && (await (await import('./tokens.ts')).openTokenCheck(tokens, report));
  if (!ring && !check) return { needsKey: false, authorize: async () => anybody, followed: [] };
  const clientOf = (secret: string): Client | Promise<Client> => {
    // A token has two points; a key has none.
    if (check && (!ring || secret.includes('.'))) return check.client(secret);
    return ring!.client(secret);
  };
  return {
    needsKey: true,
    followed: [...(ring ? [ring] : []), ...(check ? [check] : [])],
    async authorize(headers) {
      const client = await clientOf(secretIn(headers));
      if (client.perMinute === undefined) return client;
      const retryAfterMs = await takeTurn(client.id, client.perMinute);
      if (retryAfterMs > 0) throw fail('too-many-requests', { name: client.name, perMinute: client.perMinute, retryAfterMs });
      return client;
    },
  };
}
