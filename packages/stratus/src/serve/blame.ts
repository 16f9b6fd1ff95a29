import { fail, StratusError } from '@stratus/core';
import { decodeRequest } from './decode-request.ts';
import { exampleRequest } from './example.ts';
import { feedsOfColumns } from './records.ts';
import type { Servable } from './servable.ts';

/**
 * Throws what a run failed with: as `bad-request` where it is the client's fault. An index out of range, for instance, shows only in the run; whose
 * fault it is, another request tells.
 */
export async function blamed(servable: Servable, e: unknown): Promise<never> {
  const isClients = StratusError.is(e) && (e.code === 'index-range' || (e.code === 'engine' && (await works(servable))));
  if (!isClients) throw e;
  const reason = String(e.details['reason'] ?? e.message);
  throw fail('bad-request', { reason: `The model '${servable.name}' cannot compute this request: ${reason}` }, e);
}

/** True when the model can answer its example. */
async function works(servable: Servable): Promise<boolean> {
  try {
    const { preprocessing } = servable;
    const { tensors } = await decodeRequest(servable, exampleRequest(servable));
    await servable.infer(preprocessing ? await feedsOfColumns(preprocessing, tensors) : tensors);
    return true;
  } catch (e) {
    if (StratusError.is(e)) return false;
    throw e;
  }
}
