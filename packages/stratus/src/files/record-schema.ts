/** Something that says what a record must be: a schema of zod, valibot, arktype (`~standard`), or a function. */
export type RecordSchema<R> =
  | ((value: unknown) => R)
  | {
      readonly '~standard': {
        readonly validate: (
          value: unknown,
        ) =>
          | { readonly value: R; readonly issues?: undefined }
          | { readonly issues: readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[] }
          | Promise<unknown>;
      };
    };

/** What a schema says of a value. Throws an `Error` whose message says what is wrong. */
export async function checked<R>(value: unknown, schema: RecordSchema<R> | undefined): Promise<R> {
  if (!schema) return value as R;
  // First of all: the types of some libraries are functions as well.
  if (typeof schema === 'function' && !('~standard' in schema)) return schema(value);
  const result = (await (schema as Exclude<typeof schema, (value: unknown) => R>)['~standard'].validate(value)) as Awaited<{
    value: R;
    issues?: { message: string; path?: unknown[] }[];
  }>;
  if (!result.issues) return result.value;
  const key = (part: unknown): string => String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part);
  throw new Error(
    result.issues
      .map(({ message, path = [] }) => (path.length > 0 ? `${path.map(key).join('.')}: ${message}` : message))
      .join('; '),
  );
}
