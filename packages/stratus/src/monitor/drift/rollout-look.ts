import type { Tensor } from '@stratus/core';
import type { DriftOrder } from '../../serve/index.ts';
import type { WatchedModel } from '../watched-model.ts';
import { addRows, type Came, InputWatches } from './input-watches.ts';
import { type OutputFeature, outputFeatures } from './output-features.ts';
import type { RolloutEvidence } from './rollout-judge.ts';
import { rowWidth } from './watches.ts';

type Tensors = Readonly<Record<string, Tensor>>;

/** Looks at what comes to the versions of one model and what they say while a rule holds. Who judges is told numbers and texts. */
export class RolloutLook {
  readonly #order: Pick<DriftOrder, 'model' | 'limits' | 'isRisen'>;
  readonly #evidence: RolloutEvidence;
  readonly #about: (model: string, version: string) => WatchedModel | undefined;
  readonly #inputs = new Map<string, InputWatches>();
  readonly #features = new Map<string, readonly OutputFeature[]>();
  #isOver = false;

  constructor(
    order: Pick<DriftOrder, 'model' | 'limits' | 'isRisen'>,
    evidence: RolloutEvidence,
    about: (model: string, version: string) => WatchedModel | undefined,
  ) {
    this.#order = order;
    this.#evidence = evidence;
    this.#about = about;
  }

  end(): void {
    this.#isOver = true;
  }

  /** Rows of a request that a version has answered. */
  add(version: string, came: Came, outputs: Tensors, rows: number): void {
    if (this.#isOver) return;
    const { model, limits, isRisen } = this.#order;
    const hasRisen = isRisen(version);
    this.said(version, outputs, rows, hasRisen);
    if (!hasRisen) return;
    if (limits.inputs !== undefined) {
      let inputs = this.#inputs.get(version);
      if (inputs === undefined) {
        inputs = new InputWatches(this.#about(model, version), came, (spec) => this.#evidence.open(version, spec));
        this.#inputs.set(version, inputs);
      }
      inputs.add(came, rows);
    }
    this.#evidence.rows(version, rows);
  }

  /** What a version has said. */
  said(version: string, outputs: Tensors, rows: number, hasRisen = this.#order.isRisen(version)): void {
    if (this.#isOver || this.#order.limits.outputs === undefined) return;
    const labels = this.#about(this.#order.model, version)?.labels ?? {};
    for (const [name, tensor] of Object.entries(outputs)) {
      const names = Object.hasOwn(labels, name) ? labels[name] : undefined;
      let features = this.#features.get(name);
      if (features === undefined) {
        if (rowWidth(tensor) === 0) continue;
        this.#features.set(name, (features = outputFeatures(name, tensor, names)));
      }
      const add = (row: Parameters<OutputFeature['read']>[0]): void => {
        for (const feature of features) this.#evidence.said(hasRisen ? version : undefined, feature, feature.read(row, names));
      };
      addRows(add, tensor, rows);
    }
  }
}
