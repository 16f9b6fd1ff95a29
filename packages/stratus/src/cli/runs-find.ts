import { fail, StratusError } from '@stratus/core';
import type { RunInfo, Store } from '../store/index.ts';

/** The run of a key, or of the beginning of one. Errors: `usage` where several begin so, or none does, with a did-you-mean. */
export async function findRun(store: Store, text: string): Promise<RunInfo> {
  const shown = 6;
  const found = await store.runs.list({ keyPrefix: text, limit: shown });
  const exact = found.find(({ key }) => key === text);
  if (exact) return exact;
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const keys = found.slice(0, shown - 1).map(({ key }) => key);
    const more = found.length === shown ? ' and more' : '';
    throw fail('usage', {
      reason: `Several runs begin with '${text}': ${keys.join(', ')}${more}.`,
      fix: 'Type more of the key.',
    });
  }
  try {
    return await store.runs.get(text);
  } catch (e) {
    throw StratusError.is(e) && e.code === 'unknown-name' ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
}

/** As {@link findRun}, for several; each once. */
export async function findRuns(store: Store, texts: readonly string[]): Promise<readonly RunInfo[]> {
  const found = new Map<string, RunInfo>();
  for (const text of texts) {
    const run = await findRun(store, text);
    found.set(run.key, run);
  }
  return [...found.values()];
}
