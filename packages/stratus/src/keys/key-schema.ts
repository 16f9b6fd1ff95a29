// What a file of keys may hold. A module of its own: a server without keys does not load what checks it.
import { z } from 'zod';

const keySchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]{10}$/),
  name: z.string().min(1).max(200),
  /** SHA-256 of the secret. Secrets are 32 random bytes: there is nothing to guess that a slow hash would make harder. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  models: z.array(z.string().min(1)).min(1).exactOptional(),
  manage: z.boolean().exactOptional(),
  perMinute: z.int().min(1).max(1e9).exactOptional(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().exactOptional(),
  revokedAt: z.iso.datetime().exactOptional(),
});
const fileSchema = z.strictObject({ keys: z.array(keySchema) });

/** One key as its file has it. */
export type Key = z.output<typeof keySchema>;

/** The keys of a file, or what is wrong with them. */
export function checkedKeys(value: unknown): { readonly keys?: readonly Key[]; readonly problem?: string } {
  const { data, error } = fileSchema.safeParse(value);
  return data ? { keys: data.keys } : { problem: z.prettifyError(error).replaceAll('\n', ' ') };
}
