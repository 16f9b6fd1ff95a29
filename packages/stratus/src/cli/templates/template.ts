/** A project that `stratus init` writes. */
export interface Template {
  /** What it is, for the list of templates. */
  readonly about: string;
  /** What it trains, for the project's README: 'A network that …'. */
  readonly purpose: string;
  readonly train: string;
  /** Besides train and deploy. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Rows of the README's table of commands. */
  readonly commands: readonly (readonly [command: string, does: string])[];
  /** More for the README: how to use one's own data. */
  readonly own?: string;
  /** Data to begin with: small, made up, and free. */
  data?(): Promise<readonly (readonly [path: string, content: string | Uint8Array])[]>;
}

/** Numbers from 0 to 1 that are the same every time (Numerical Recipes' generator). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
