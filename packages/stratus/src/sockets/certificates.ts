import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Server } from 'node:https';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { fail, files } from '@stratus/core';
import { type Followed, followFiles } from './followed-files.ts';

/** Where a server's certificate is: files in PEM. They are read again when they change. */
export interface TlsFiles {
  /** The certificate of the server, and those between it and its authority behind it. */
  readonly cert: string;
  /** Its key, without a password. */
  readonly key: string;
  /** The authorities of client certificates. Where it is given, whoever has no certificate of theirs is turned away. */
  readonly ca?: string | undefined;
}

/** A server's certificate, as it is in its files at present. */
export interface Certificates {
  /** What `https.createServer` and gRPC's credentials take. */
  readonly context: SecureContextOptions;
  /** Only clients with a certificate are let in. */
  readonly asksClients: boolean;
  /** Gives a server the new certificate whenever the files change; connections that are open stay. */
  follow(server: Pick<Server, 'setSecureContext'>, report: (error: unknown) => void, everyMs?: number): Promise<Followed>;
}

const reasonOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));

const unusable = (file: string, reason: string, fix: string): Error =>
  fail('bad-value', { what: 'tls', got: `${file}: ${reason}`, want: 'certificates and a key in PEM that belong together', fix });

/** The certificates in a file, each checked. */
function certificatesIn(file: string, pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw unusable(file, 'there is no certificate in it', "It begins with '-----BEGIN CERTIFICATE-----'.");
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (e) {
    throw unusable(file, reasonOf(e), 'Copy the whole certificate, from its BEGIN line to its END line.');
  }
}

/** Errors: `file-not-found`, `file-failed`, `bad-value`. */
async function read({ cert, key, ca }: TlsFiles): Promise<SecureContextOptions> {
  const text = async (file: string) => new TextDecoder().decode(await files.read(file));
  const [certText, keyText, caText] = await Promise.all([text(cert), text(key), ca === undefined ? undefined : text(ca)]);
  const [own] = certificatesIn(cert, certText);
  if (ca !== undefined) certificatesIn(ca, caText!);
  let secret: ReturnType<typeof createPrivateKey>;
  try {
    secret = createPrivateKey(keyText);
  } catch (e) {
    throw unusable(key, reasonOf(e), `It has to be a key without a password: openssl pkey -in ${key} -out plain.pem.`);
  }
  if (!own!.checkPrivateKey(secret))
    throw unusable(key, `it is not the key of ${cert}`, 'Take the two files that were made together.');
  const now = Date.now();
  if (now > Date.parse(own!.validTo) || now < Date.parse(own!.validFrom))
    throw unusable(cert, `it counts from ${own!.validFrom} to ${own!.validTo}`, 'Renew it: clients would turn away.');
  const context: SecureContextOptions = {
    cert: certText,
    key: keyText,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: caText }),
  };
  try {
    createSecureContext(context);
  } catch (e) {
    throw unusable(cert, reasonOf(e), 'Check it with openssl x509 -in FILE -text.'); // a key that is too short, for instance
  }
  return context;
}

/** Reads and checks a server's certificate. Errors: `file-not-found`, `file-failed`, `bad-value`. */
export async function openCertificates(paths: TlsFiles): Promise<Certificates> {
  let context = await read(paths);
  const { cert, key, ca } = paths;
  return {
    get context() {
      return context;
    },
    asksClients: ca !== undefined,
    follow: (server, report, everyMs) =>
      followFiles(
        [cert, key, ...(ca === undefined ? [] : [ca])],
        async () => {
          // Two files are changed one after the other: until they fit again, the old ones count, and the next change is another try.
          const next = await read(paths);
          server.setSecureContext(next);
          context = next;
        },
        { report, everyMs },
      ),
  };
}
