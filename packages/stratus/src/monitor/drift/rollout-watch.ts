import type { Tensor } from '@stratus/core';
import type { DriftOrder } from '../../serve/index.ts';
import type { WatchedModel } from '../watched-model.ts';
import { FeatureCounts } from './feature-counts.ts';
import type { FeatureFigures, WatchOptions } from './feature-figures.ts';
import { addRows, type Came, InputWatches } from './input-watches.ts';
import { type OutputFeature, outputFeatures } from './output-features.ts';
import { compareSamples, VersionSamples } from './version-samples.ts';
import { rowWidth } from './watches.ts';

type Tensors = Readonly<Record<string, Tensor>>;

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
  readonly inputs: InputWatches;
  /** What was seen of them since the rule holds. */
  readonly seen: () => readonly FeatureFigures[];
  rows: number;
  lookedAt: number;
  looks: number;
  worst: readonly RolloutFinding[];
}

const shown = (p: number): string => (p < 1e-4 ? 'p < 0.0001' : `p = ${p.toPrecision(2)}`);

/** Watches the versions of one model while a rule holds: those that get more than before against their training, and against what the others say. */
export class RolloutWatch {
  readonly order: DriftOrder;
  readonly #options: WatchOptions;
  readonly #about: (model: string, version: string) => WatchedModel | undefined;
  readonly #risen = new Map<string, Risen>();
  readonly #features = new Map<string, readonly OutputFeature[]>();
  /** What versions say, by feature: each of those that have risen, and all others together. */
  readonly #said = new Map<string, Map<string, VersionSamples>>();
  #isOver = false;

  constructor(order: DriftOrder, options: WatchOptions, about: (model: string, version: string) => WatchedModel | undefined) {
    this.order = order;
    this.#options = { ...options, minimumRows: order.limits.minRows ?? 500 };
    this.#about = about;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Rows of a request that a version has answered. */
  add(version: string, came: Came, outputs: Tensors, rows: number): void {
    if (this.#isOver) return;
    const isRisen = this.order.isRisen(version);
    this.said(version, outputs, rows, isRisen);
    if (!isRisen) return;
    let own = this.#risen.get(version);
    if (own === undefined) {
      const counts = new FeatureCounts(this.#options);
      const inputs = new InputWatches(this.#about(this.order.model, version), came, (spec) => counts.open(version, spec));
      this.#risen.set(
        version,
        (own = { inputs, seen: () => counts.figures(version), rows: 0, lookedAt: 0, looks: 0, worst: [] }),
      );
    }
    if (this.order.limits.inputs !== undefined) own.inputs.add(came, rows);
    own.rows += rows;
    const { minimumRows } = this.#options;
    if (own.rows < minimumRows || own.rows - own.lookedAt < minimumRows * lookEvery) return;
    own.lookedAt = own.rows;
    this.#look(version, own);
  }

  /** What a version has said. */
  said(version: string, outputs: Tensors, rows: number, isRisen = this.order.isRisen(version)): void {
    if (this.#isOver || this.order.limits.outputs === undefined) return;
    const side = isRisen ? version : '';
    const labels = this.#about(this.order.model, version)?.labels ?? {};
    for (const [name, tensor] of Object.entries(outputs)) {
      const names = Object.hasOwn(labels, name) ? labels[name] : undefined;
      let features = this.#features.get(name);
      if (features === undefined) {
        if (rowWidth(tensor) === 0) continue;
        this.#features.set(name, (features = outputFeatures(name, tensor, names)));
      }
      const samples = features.map(({ feature }) => this.#samplesOf(feature, side));
      const add = (row: Parameters<OutputFeature['read']>[0]): void => {
        for (const [i, { read }] of features.entries()) samples[i]!.add(read(row, names));
      };
      addRows(add, tensor, rows);
    }
  }

  #samplesOf(feature: string, side: string): VersionSamples {
    let sides = this.#said.get(feature);
    if (sides === undefined) this.#said.set(feature, (sides = new Map()));
    let samples = sides.get(side);
    if (samples === undefined) sides.set(side, (samples = new VersionSamples(this.#options)));
    return samples;
  }

  #look(version: string, own: Risen): void {
    own.worst = [this.#inputs(own), this.#outputs(version)].filter((finding) => finding !== undefined);
    const bad = own.worst.find(({ isTooFar }) => isTooFar);
    own.looks = bad === undefined ? 0 : own.looks + 1;
    if (bad === undefined || own.looks < mostLooks) return;
    this.#isOver = true;
    const { of, feature, numbers, rows, referenceRows, limit } = bad;
    const against =
      of === 'inputs' ? `the training (${referenceRows} samples)` : `what the other versions say (${referenceRows} samples)`;
    const what = of === 'inputs' ? 'its input' : 'its output';
    this.order.complain(
      version,
      `${what} '${feature.slice(0, 100)}' has moved from ${against}: ${numbers}, of ${rows} samples, at ${mostLooks} looks in a row, and at most ${limit} is allowed`,
    );
  }

  #inputs({ seen }: Risen): RolloutFinding | undefined {
    const { inputs: limit } = this.order.limits;
    if (limit === undefined) return undefined;
    const known = seen().filter(({ reference, level }) => reference === 'training' && level !== 'waiting');
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
    const { outputs: limit } = this.order.limits;
    if (limit === undefined) return undefined;
    const all = [...this.#features.values()].flat();
    const findings = all.flatMap(({ feature, kind }): RolloutFinding[] => {
      const sides = this.#said.get(feature);
      const [own, others] = [sides?.get(version), sides?.get('')];
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

  /** How a version stands; undefined where it is not watched. */
  figures(version: string): RolloutFigures | undefined {
    if (!this.order.isRisen(version)) return undefined;
    const own = this.#risen.get(version);
    return {
      rows: own?.rows ?? 0,
      minRows: this.#options.minimumRows,
      worst: own?.worst ?? [],
      looks: own?.looks ?? 0,
      mostLooks,
    };
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
