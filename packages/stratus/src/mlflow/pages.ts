import { invalid } from './problem.ts';

/** The token of the page that begins at a number. */
export const pageToken = (from: number): string => Buffer.from(JSON.stringify({ from })).toString('base64url');

/** Where a page begins. */
export function pageStart(token: string | null | undefined): number {
  if (!token) return 0;
  try {
    const { from } = JSON.parse(Buffer.from(token, 'base64url').toString()) as { readonly from: unknown };
    if (Number.isSafeInteger(from) && (from as number) >= 0) return from as number;
  } catch {
    // said below
  }
  throw invalid('The page_token is not one that this server gave: send the next_page_token of the answer before, unchanged.');
}

/** A page of a list that is there as a whole. */
export function paged<T>(
  all: readonly T[],
  token: string | null | undefined,
  most: number,
): { readonly page: readonly T[]; readonly next?: string } {
  const from = pageStart(token);
  const page = all.slice(from, from + most);
  return from + most < all.length ? { page, next: pageToken(from + most) } : { page };
}
