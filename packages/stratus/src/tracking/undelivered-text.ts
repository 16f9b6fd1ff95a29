import type { Undelivered } from './outbox.ts';

/** What was not stored, and where it is. */
export function undeliveredText({ points, others, file, reason }: Undelivered): string {
  const what = `${points} points and ${others} other entries of the run`;
  if (file === undefined) return `${what} were not stored: ${reason}`;
  return `${what} are not stored yet: ${reason}\nThey are in ${file}, from where the next stratus train, serve or jobs run of this folder stores them. Or now: stratus runs recover ${file}`;
}
