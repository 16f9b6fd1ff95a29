// Certificates for tests, made by openssl: an authority, servers and clients that it vouches for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly folder: string;
  /** The certificate of the authority. */
  readonly ca: string;
  /** Makes a certificate of that name, for 127.0.0.1 and localhost; over already where `days` is below 0. */
  issue(name: string, days?: number): Pair;
  remove(): void;
}

export const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' });
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

export function authority(name = 'Test authority'): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-certificates-'));
  const at = (file: string): string => join(folder, file);
  openssl('req', '-x509', ...key, '-keyout', at('ca.key'), '-out', at('ca.pem'), '-days', '2', '-subj', `/CN=${name}`);
  writeFileSync(at('extensions'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  return {
    folder,
    ca: at('ca.pem'),
    issue(subject, days = 1) {
      const [cert, secret] = [at(`${subject}.pem`), at(`${subject}.key`)];
      openssl('req', ...key, '-keyout', secret, '-out', at('request'), '-subj', `/CN=${subject}`);
      const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('extensions')];
      openssl('x509', '-req', '-in', at('request'), ...by, '-days', String(days), '-out', cert);
      return { cert, key: secret };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Puts other files in the place of these, each at once. */
export function replaceFiles(place: Pair, by: Pair): void {
  for (const part of ['key', 'cert'] as const) renameSync(by[part], place[part]);
}
