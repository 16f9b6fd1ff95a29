import { type Command, InvalidArgumentError } from 'commander';
import type { ServedOptions } from '../served-options.ts';
import type { TlsFiles } from '../sockets/index.ts';
import { wholeNumber } from './options.ts';
import type { Output } from './output.ts';

/** What every server can be told. */
export interface ServerFlags {
  readonly grpcPort?: number;
  readonly allowOrigin?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
  readonly workers: number;
}

function origin(text: string, before: readonly string[] = []): readonly string[] {
  if (URL.canParse(text) && new URL(text).origin === text) return [...before, text];
  throw new InvalidArgumentError('It must be a site without a path: https://example.org.');
}

/** Adds what every server can be told. */
export const withServer = (command: Command): Command =>
  command
    .option('--grpc-port <port>', 'serve models over gRPC as well, on this port; 0 picks a free one', wholeNumber(0, 65_535))
    .option(
      '--workers <n>',
      'so many processes share the ports and the cores; one that ends is replaced',
      wholeNumber(1, 1024),
      1,
    )
    .option('--allow-origin <site>', 'a site whose pages may ask; may be given several times', origin)
    .option('--tls-cert <file>', 'serve over HTTPS with this certificate in PEM; read again when it changes')
    .option('--tls-key <file>', 'its key in PEM, without a password')
    .option('--tls-ca <file>', 'let in only clients with a certificate of these authorities (mTLS)');

/** Where the certificate is. */
export function tlsOf({ tlsCert, tlsKey, tlsCa }: ServerFlags, command: Command): TlsFiles | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey, ca: tlsCa };
  if (tlsCert ?? tlsKey ?? tlsCa) command.error('error: --tls-cert and --tls-key go together, and --tls-ca with both.');
  return undefined;
}

/** Tells what happens to workers. */
export const workerTeller =
  (output: Pick<Output, 'data' | 'note'>): NonNullable<ServedOptions['onWorker']> =>
  (event) => {
    output.data(event);
    if (event.type !== 'worker-ended') return;
    const { pid, code, signal } = event;
    output.note(`Worker ${pid} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}; another one starts.`);
  };
