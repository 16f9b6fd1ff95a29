import type { DriftOrder } from '../../serve/index.ts';
import { FeatureCounts, type FeatureSpec, type Seen } from './feature-counts.ts';
import type { FeatureFigures, WatchOptions } from './feature-figures.ts';
import type { OutputFeature } from './output-features.ts';
import { compareSamples, VersionSamples } from './version-samples.ts';

/** How far the worst feature of a version has moved since a rule holds. */
export interface RolloutFinding {
  readonly of: 'inputs' | 'outputs';
  readonly feature: string;
  /** The population stability index, or what is measured instead, on its scale. */
  readonly moved: number;
  readonly limit: number;
  /** Samples of it, and of what it is compared with. */
  readonly rows: number;
  readonly referenceRows: number;
  /** What was measured, in words. */
  readonly numbers: string;
  /** Whether it is above the limit, and no chance. */
  readonly isTooFar: boolean;
}

/** How a version that gets more than before stands while a rule holds that limits drift. */
export interface RolloutFigures {
  /** Samples since the rule holds, and how many are needed. */
  readonly rows: number;
  readonly minRows: number;
  /** The worst feature of each side, as far as there is something to say. */
  readonly worst: readonly RolloutFinding[];
  /** Looks in a row that found it too far, of as many as put the rule before back. */
  readonly looks: number;
  readonly mostLooks: number;
}

/** So many looks in a row have to find the same: what comes and goes is no reason. */
const mostLooks = 3;
/** A look is taken after so many further samples, as a part of the least. */
const lookEvery = 0.2;
/** Such a chance of a finding where nothing has moved is too small to be chance; it is divided by the number of features that are looked at. */
const significance = 0.001;

interface Risen {
  /** What was seen of its inputs since the rule holds. */
  readonly counts: FeatureCounts;
  rows: number;
  lookedAt: number;
  looks: number;
  worst: readonly RolloutFinding[];
}

const shown = (p: number): string => (p < 1e-4 ? 'p < 0.0001' : `p = ${p.toPrecision(2)}`);

/** What is seen of the versions of one model while a rule holds: plain data, which another process can be sent. */
export interface RolloutEvidence {
  /** Begins to count an input of a version that gets more than before. */
  open(version: string, spec: FeatureSpec): (seen: Seen) => void;
  /** What one row of a version says; the version is undefined for all that do not get more than before, which are one side. */
  said(version: string | undefined, feature: Pick<OutputFeature, 'feature' | 'kind'>, values: readonly (number | string)[]): void;
  /** So many samples of a version that gets more than before have been told. */
  rows(version: string, count: number): void;
}

/** Judges the versions of one model while a rule holds: those that get more than before against their training, and against what the others say. Whoever saw it. */
export class RolloutJudge implements RolloutEvidence {
  readonly #order: Pick<DriftOrder, 'limits' | 'complain'>;
  readonly #options: WatchOptions;
  readonly #risen = new Map<string, Risen>();
  readonly #features = new Map<string, Pick<OutputFeature, 'feature' | 'kind'>>();
  /** What versions say, by feature: each of those that have risen, and all others together. */
  readonly #said = new Map<string, Map<string | undefined, VersionSamples>>();
  #isOver = false;

  constructor(order: Pick<DriftOrder, 'limits' | 'complain'>, options: WatchOptions) {
    this.#order = order;
    this.#options = { ...options, minimumRows: order.limits.minRows ?? 500 };
  }

  end(): void {
    this.#isOver = true;
  }

  #own(version: string): Risen {
    let own = this.#risen.get(version);
    if (own === undefined) {
      own = { counts: new FeatureCounts(this.#options), rows: 0, lookedAt: 0, looks: 0, worst: [] };
      this.#risen.set(version, own);
    }
    return own;
  }

  open(version: string, spec: FeatureSpec): (seen: Seen) => void {
    return this.#own(version).counts.open(version, spec);
  }

  said(
    version: string | undefined,
    { feature, kind }: Pick<OutputFeature, 'feature' | 'kind'>,
    values: readonly (number | string)[],
  ): void {
    let sides = this.#said.get(feature);
    if (sides === undefined) this.#said.set(feature, (sides = new Map()));
    this.#features.set(feature, { feature, kind });
    let samples = sides.get(version);
    if (samples === undefined) sides.set(version, (samples = new VersionSamples(this.#options)));
    samples.add(values);
  }

  rows(version: string, count: number): void {
    if (this.#isOver) return;
    const own = this.#own(version);
    own.rows += count;
    const { minimumRows } = this.#options;
    if (own.rows < minimumRows || own.rows - own.lookedAt < minimumRows * lookEvery) return;
    own.lookedAt = own.rows;
    this.#look(version, own);
  }

  #look(version: string, own: Risen): void {
    own.worst = [this.#inputs(version, own), this.#outputs(version)].filter((finding) => finding !== undefined);
    const bad = own.worst.find(({ isTooFar }) => isTooFar);
    own.looks = bad === undefined ? 0 : own.looks + 1;
    if (bad === undefined || own.looks < mostLooks) return;
    this.#isOver = true;
    const { of, feature, numbers, rows, referenceRows, limit } = bad;
    const against =
      of === 'inputs' ? `the training (${referenceRows} samples)` : `what the other versions say (${referenceRows} samples)`;
    const what = of === 'inputs' ? 'its input' : 'its output';
    this.#order.complain(
      version,
      `${what} '${feature.slice(0, 100)}' has moved from ${against}: ${numbers}, of ${rows} samples, at ${mostLooks} looks in a row, and at most ${limit} is allowed`,
    );
  }

  #inputs(version: string, { counts }: Risen): RolloutFinding | undefined {
    const { inputs: limit } = this.#order.limits;
    if (limit === undefined) return undefined;
    const known = counts.figures(version).filter(({ reference, level }) => reference === 'training' && level !== 'waiting');
    const chance = significance / Math.max(1, known.length);
    const findings = known.flatMap((figures): RolloutFinding[] => {
      const { feature, count: rows, referenceCount: referenceRows } = figures;
      return measuresOf(figures, chance).map(({ moved, numbers, isSure }) => ({
        ...{ of: 'inputs' as const, feature, moved, limit, rows, referenceRows, numbers },
        isTooFar: isSure && moved > limit,
      }));
    });
    return worstOf(findings);
  }

  #outputs(version: string): RolloutFinding | undefined {
    const { outputs: limit } = this.#order.limits;
    if (limit === undefined) return undefined;
    const all = [...this.#features.values()];
    const findings = all.flatMap(({ feature, kind }): RolloutFinding[] => {
      const sides = this.#said.get(feature);
      const [own, others] = [sides?.get(version), sides?.get(undefined)];
      if (!own || !others) return [];
      const [rows, referenceRows] = [own.rows, others.rows];
      if (Math.min(rows, referenceRows) < this.#options.minimumRows) return [];
      const { psi: moved, test } = compareSamples(kind, others, own);
      const numbers = `PSI ${moved.toFixed(3)}, ${kind === 'number' ? 'KS' : 'χ²'} ${test.statistic.toFixed(3)} with ${shown(test.pValue)}`;
      const isTooFar = moved > limit && test.pValue < significance / all.length;
      return [{ of: 'outputs', feature, moved, limit, rows, referenceRows, numbers, isTooFar }];
    });
    return worstOf(findings);
  }

  /** How a version stands; undefined where nothing has come to it that is watched. */
  figures(version: string): RolloutFigures | undefined {
    const own = this.#risen.get(version);
    if (own === undefined) return undefined;
    const { rows, worst, looks } = own;
    return { rows, minRows: this.#options.minimumRows, worst, looks, mostLooks };
  }
}

const worstOf = (findings: readonly RolloutFinding[]): RolloutFinding | undefined =>
  findings.toSorted((a, b) => Number(b.isTooFar) - Number(a.isTooFar) || b.moved - a.moved)[0];

interface Measure {
  readonly moved: number;
  readonly numbers: string;
  readonly isSure: boolean;
}

/** What was measured of an input, on the scale of the index. */
function measuresOf(
  { psi, distance, kolmogorovSmirnov, chiSquare, missing, referenceMissing }: FeatureFigures,
  chance: number,
): Measure[] {
  const test = kolmogorovSmirnov ?? chiSquare;
  const moreMissing = missing === undefined || referenceMissing === undefined ? 0 : Math.abs(missing - referenceMissing);
  return [
    ...(psi === undefined || !test
      ? []
      : [
          {
            moved: psi,
            numbers: `PSI ${psi.toFixed(3)}, ${kolmogorovSmirnov ? 'KS' : 'χ²'} ${test.statistic.toFixed(3)} with ${shown(test.pValue)}`,
            isSure: test.pValue < chance,
          },
        ]),
    // Half a standard deviation is much, as an index of 0.25 is.
    ...(distance === undefined
      ? []
      : [{ moved: distance / 2, numbers: `its mean by ${distance.toFixed(2)} standard deviations`, isSure: true }]),
    ...(moreMissing === 0
      ? []
      : [
          {
            moved: moreMissing,
            numbers: `${(100 * missing!).toFixed(1)} % are missing instead of ${(100 * referenceMissing!).toFixed(1)} %`,
            isSure: true,
          },
        ]),
  ];
}
