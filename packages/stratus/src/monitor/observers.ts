import type { ServingObserver } from '../serve/index.ts';

/** Errors of one observer are told so many times, so that a fault met in every request does not fill a log. */
const toldErrors = 10;

/** One observer that tells several. What one of them throws reaches neither the others nor the request: it is told to `report`. */
export function joinObservers(
  given: readonly (ServingObserver | undefined)[],
  report: (error: unknown) => void,
): Required<ServingObserver> {
  const observers = given.filter((observer) => observer !== undefined);
  let told = 0;
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (e) {
      if (told++ < toldErrors) report(new Error('An observer of the server failed', { cause: e }));
    }
  };
  const [forRequests, forBatches, forAnswers, forRefusals, forShadows] = (
    ['request', 'batch', 'answered', 'refused', 'shadowed'] as const
  ).map((name) => observers.filter((observer) => observer[name] !== undefined));
  return {
    request: (record) => {
      for (const observer of forRequests!) guarded(() => observer.request!(record));
    },
    batch: (record) => {
      for (const observer of forBatches!) guarded(() => observer.batch!(record));
    },
    answered: (record, feeds, outputs, fields) => {
      for (const observer of forAnswers!) guarded(() => observer.answered!(record, feeds, outputs, fields));
    },
    refused: (refusal) => {
      for (const observer of forRefusals!) guarded(() => observer.refused!(refusal));
    },
    shadowed: (record) => {
      for (const observer of forShadows!) guarded(() => observer.shadowed!(record));
    },
  };
}
