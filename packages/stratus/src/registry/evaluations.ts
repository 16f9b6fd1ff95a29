import { fail } from '@stratus/core';
import type { VersionInfo } from '../store/index.ts';
import type { Evaluate } from './gates/index.ts';

/**
 * How good a version is on data, measured somewhere else. Who promotes brings it along and answers for it: the history keeps it beside the move. It names the bytes of the model and of the data, so that
 * it cannot be taken for that of another model, and two versions are compared on the same data.
 */
export interface Evaluation {
  readonly version: number;
  /** Of the version that was measured: 'sha256:…'. */
  readonly digest: string;
  /** A data set or a file, as the gate calls it. */
  readonly data: string;
  readonly split?: string;
  /** Of the data, as `stratus evaluate --json` tells it: 'sha256:…'. */
  readonly dataDigest: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Measures by what was brought along; what nothing was brought along for is measured by `otherwise`. Errors: `bad-value` for evaluations of other bytes, or on different data. */
export function evaluateBy(evaluations: readonly Evaluation[], versions: readonly VersionInfo[], otherwise: Evaluate): Evaluate {
  for (const { version, digest } of evaluations) {
    const known = versions.find(({ number }) => number === version);
    if (known === undefined)
      throw fail('bad-value', {
        what: 'an evaluation',
        got: `one of version ${version}`,
        want: `those of ${versions.map(({ model, number }) => `${model}:${number}`).join(' and ')}: the version that is promoted, and the one that the alias has now`,
      });
    if (known.digest !== digest)
      throw fail('bad-value', {
        what: `the evaluation of ${known.model}:${version}`,
        got: `that of another file, ${digest}`,
        want: `that of ${known.digest}`,
      });
  }
  const names = new Map(versions.map(({ model, number }) => [`${model}:${number}`, number]));
  return async (model, on) => {
    const fitting = evaluations.filter(({ data, split }) => data === on.data && split === on.split);
    if (fitting.length === 0) return await otherwise(model, on);
    const other = fitting.find(({ dataDigest }) => dataDigest !== fitting[0]!.dataDigest);
    if (other !== undefined)
      throw fail('bad-value', {
        what: `the evaluations on ${on.data}`,
        got: `${fitting[0]!.dataDigest} and ${other.dataDigest}`,
        want: 'all on the same data',
      });
    const found = fitting.find(({ version }) => version === names.get(on.name));
    if (found !== undefined) return found.metrics;
    throw fail('bad-value', {
      what: `the evaluations on ${on.data}`,
      got: `none of ${on.name}`,
      want: 'one of each version that the gate compares',
    });
  };
}
