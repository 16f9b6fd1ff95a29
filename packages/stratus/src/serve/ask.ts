import type { Front } from './front.ts';
import type { RequestTrace } from './traces.ts';

/** What a request to a model says besides its tensors. */
export interface Ask {
  /** Which version, or what its alias is; what the model's traffic rule says unless told. */
  readonly version?: string | undefined;
  /** Nobody wants the answer any more when this is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** The answer is worth nothing after so many milliseconds from now. */
  readonly deadlineMs?: number | undefined;
  /** Requests with a higher one go first; 0 unless told. */
  readonly priority?: number | undefined;
  /** Who asks: each gets an equal share of a model that is busy. Everybody who says nothing is one client. */
  readonly client?: string | undefined;
  /** The protocol that brought it, for those who observe; 'compute' unless told. */
  readonly protocol?: string | undefined;
  readonly requestId?: string | undefined;
  /** What whoever stands before the data plane knows of it. */
  readonly front?: Front | undefined;
  /** Chooses a route of the model's traffic rule by its name instead of by weight. */
  readonly label?: string | undefined;
  /** A header that came with it, by its name in small letters: traces go on from there. */
  readonly header?: ((name: string) => string | undefined) | undefined;
  /** Its trace, which the data plane begins. */
  readonly trace?: RequestTrace | undefined;
  /** Is called when observers were told of the request, as they are of all that reach a model: whoever answers counts the others (`DataPlane.refused`). */
  readonly told?: (() => void) | undefined;
}
