import { readFile } from 'node:fs/promises';
import { fail } from '@stratus/core';
import type { JWTVerifyGetKey } from 'jose';
import { type Followed, followFiles } from '../sockets/index.ts';
import type { Client } from './client.ts';

/** Tokens (JWT) that somebody else gives out. */
export interface TokenOptions {
  /** The keys that tokens are signed with (JWKS): an https address, or a file that is read again when it changes. */
  readonly jwks: string;
  /** Who gives them out: their claim `iss`. */
  readonly issuer: string;
  /** Whom they are for: their claim `aud`. */
  readonly audience: string;
  /** ['RS256', 'PS256', 'ES256', 'EdDSA'] unless told. Those with a shared secret are never taken. */
  readonly algorithms?: readonly string[] | undefined;
  /** The claim that lists the models a token may ask. Tokens without it may then ask none; all tokens may ask all where it is left out. */
  readonly modelsClaim?: string | undefined;
}

/** What checks tokens. */
export interface TokenCheck extends Followed {
  /** Errors: `not-authorized`; `request-failed` where the keys cannot be had. */
  client(token: string): Promise<Client>;
}

const known = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const usual = ['RS256', 'PS256', 'ES256', 'EdDSA'];

const isHere = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//;

/**
 * Checks tokens: signature, issuer, audience, time. Errors: `bad-value`, `file-not-found`.
 *
 * Source: RFC 7519 (JWT), RFC 7517 (JWKS), RFC 8725 (what has to be fixed beforehand).
 */
export async function openTokenCheck(options: TokenOptions, report: (error: unknown) => void): Promise<TokenCheck> {
  const { jwks, issuer, audience, algorithms = usual, modelsClaim } = options;
  const strange = algorithms.find((name) => !known.includes(name));
  if (strange !== undefined || algorithms.length === 0)
    throw fail('bad-value', { what: 'algorithms', got: strange ?? 'none', want: `some of ${known.join(', ')}` });
  const { createLocalJWKSet, createRemoteJWKSet, errors, jwtVerify } = await import('jose');

  let keys: JWTVerifyGetKey;
  let followed: Followed = { reload: async () => {}, close: () => {} };
  if (/^https?:/.test(jwks)) {
    if (!jwks.startsWith('https:') && !isHere.test(jwks))
      throw fail('bad-value', {
        what: 'jwks',
        got: jwks,
        want: 'https: whoever can change the keys on their way could sign tokens',
      });
    keys = createRemoteJWKSet(new URL(jwks), { timeoutDuration: 5000, cooldownDuration: 30_000, cacheMaxAge: 600_000 });
  } else {
    const read = async (): Promise<void> => {
      try {
        keys = createLocalJWKSet(JSON.parse(await readFile(jwks, 'utf8')) as Parameters<typeof createLocalJWKSet>[0]);
      } catch (e) {
        if ((e as NodeJS.ErrnoException).code === 'ENOENT') throw fail('file-not-found', { file: jwks }, e);
        throw fail('bad-value', { what: `The file ${jwks}`, got: (e as Error).message, want: 'a JSON Web Key Set' }, e);
      }
    };
    await read();
    followed = await followFiles([jwks], read, { report });
  }

  return {
    ...followed,
    async client(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: [...algorithms],
          requiredClaims: ['sub', 'exp'],
          clockTolerance: 30,
        });
        const { sub = '', [modelsClaim ?? 'none']: listed, stratus_manage: manage } = payload;
        const own = typeof listed === 'string' ? listed.split(' ') : Array.isArray(listed) ? listed.map(String) : [];
        const models = modelsClaim === undefined || own.includes('*') ? undefined : own;
        return { id: `${issuer} ${sub}`, name: sub, models, manage: manage === true };
      } catch (e) {
        if (e instanceof errors.JOSEError && !(e instanceof errors.JWKSTimeout))
          throw fail(
            'not-authorized',
            { reason: `The token does not count: ${e.code}.`, fix: `It has to be of ${issuer}, for ${audience}, and not over.` },
            e,
          );
        throw fail(
          'request-failed',
          { url: jwks, reason: (e as Error).message, fix: 'Without these keys no token can be checked.' },
          e,
        );
      }
    },
  };
}
