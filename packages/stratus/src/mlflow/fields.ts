import { z } from 'zod';

// What requests are made of. Whole numbers of 64 bits may come as texts, as protobuf's JSON has them; what came by a query always does.

/** A text that may not be empty. */
export const text = z.string().min(1);

export const whole = z
  .union([z.number(), z.string().regex(/^-?\d{1,16}$/, 'expected a whole number')])
  .transform(Number)
  .pipe(z.int());

/** A number, also those that JSON has no word for. */
export const double = z.union([
  z.number(),
  z
    .string()
    .regex(/^(NaN|-?Infinity|[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?)$/i, 'expected a number')
    .transform(Number),
]);

export const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((value) => value === 'true')]);

/** A list, which in a query is one value or several. */
export const list = <T extends z.ZodType>(of: T) =>
  z.preprocess((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]), z.array(of));

/** A key with a value; one that is left out is an empty text, as in protobuf. */
export const pair = z.object({ key: text, value: z.string().default('') });

/** Pairs as a record; of a key that comes twice, the later one. */
export const recordOf = (pairs: readonly z.output<typeof pair>[]): Record<string, string> =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, value]));

/** A record as pairs, in its order. */
export const pairsOf = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([key, value]) => ({ key, value }));

/** A number for JSON. */
export const numberOf = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** Everything that searches have in common. */
export const search = {
  filter: z.string().max(20_000).nullish(),
  order_by: list(z.string().max(1000)),
  page_token: z.string().nullish(),
};

/** How many results a search gives at most. */
export const most = (usual: number, limit: number) => whole.pipe(z.int().min(1).max(limit)).default(usual);

/** `params[0].key` */
const place = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((at, key) => (typeof key === 'number' ? `${at}[${key}]` : `${at}${at && '.'}${String(key)}`), '');

/** What is wrong with a request. */
export function reasonOf(error: z.ZodError): string {
  const reasons = error.issues.slice(0, 3).map((issue) => {
    const at = place(issue.path);
    const isMissing = issue.code === 'invalid_type' && / received undefined$/.test(issue.message);
    if (isMissing) return `Missing value for required parameter '${at}'`;
    const parts = issue.code === 'invalid_union' ? issue.errors.map((one) => one[0]?.message ?? '') : [issue.message];
    return `Invalid value for ${at === '' ? 'the request' : `parameter '${at}'`}: ${parts.join(', or ').replace(/Invalid input: /g, '')}`;
  });
  return `${reasons.join('. ')}.`;
}
