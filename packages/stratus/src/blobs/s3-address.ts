import { fail } from '@stratus/core';

/** Where on a server of S3 blobs are. */
export interface S3Address {
  readonly bucket: string;
  /** '' or one that ends with '/'. */
  readonly prefix: string;
  /** Undefined for Amazon's own. */
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** For people. */
  readonly shown: string;
}

const known = ['endpoint', 'region'];

/** Reads `s3://bucket/prefix?endpoint=https://…&region=…`; what is left out is taken from the environment, as Amazon's own tools do. Errors: `bad-value`, without what may be a secret. */
export function parseS3Address(address: string, environment: Readonly<Record<string, string | undefined>>): S3Address {
  const refuse = (got: string) =>
    fail('bad-value', {
      what: 'the address of blobs',
      got,
      want: 's3://bucket/prefix, with ?endpoint=https://…&region=… where it is not Amazon',
      fix: 'Keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from a profile (AWS_PROFILE).',
    });
  const [, place = '', query = ''] = /^s3:\/\/([^?]*)(?:\?(.*))?$/.exec(address) ?? [];
  if (place.includes('@')) throw refuse('keys in the address');
  const [bucket = '', ...path] = place.split('/');
  if (!/^[a-z0-9][a-z0-9._-]{1,62}$/i.test(bucket)) throw refuse(`the bucket '${bucket}'`);
  const parts = path.filter((part) => part !== '');
  if (parts.some((part) => part === '.' || part === '..')) throw refuse(`the prefix '${path.join('/')}'`);
  const options = new URLSearchParams(query);
  const strange = [...options.keys()].find((name) => !known.includes(name));
  if (strange !== undefined) throw refuse(`the option '${strange}'`);
  const endpoint =
    options.get('endpoint') ?? (environment['AWS_ENDPOINT_URL_S3'] || environment['AWS_ENDPOINT_URL'] || undefined);
  if (endpoint !== undefined && (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)))
    throw refuse('an endpoint that is no address of HTTP');
  if (endpoint !== undefined && new URL(endpoint).username !== '') throw refuse('keys in the endpoint');
  const region = options.get('region') ?? (environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || undefined);
  const prefix = parts.map((part) => `${part}/`).join('');
  const at = endpoint === undefined ? '' : `?endpoint=${endpoint}`;
  return { bucket, prefix, endpoint, region, shown: `s3://${[bucket, ...parts].join('/')}${at}` };
}
