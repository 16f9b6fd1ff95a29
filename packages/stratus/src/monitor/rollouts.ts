import { type RollbackLimits, VersionHealth } from '../serve/index.ts';
import type { FeatureSpec, Seen } from './drift/feature-counts.ts';
import type { WatchOptions } from './drift/feature-figures.ts';
import { type RolloutFigures, RolloutJudge } from './drift/rollout-judge.ts';

/** A traffic rule that holds in a process. Plain data. */
export interface ToldRule {
  readonly model: string;
  readonly epoch: string;
  readonly limits: RollbackLimits;
}

/** A version that all have to roll back, and the process that writes that down. Plain data. */
export interface Complaint extends Pick<ToldRule, 'model' | 'epoch'> {
  readonly version: string;
  readonly why: string;
  readonly teller: number;
}

/** What a process has seen of one version under a rule. Plain data. */
export type ToldEvidence =
  | { readonly kind: 'request'; readonly version: string; readonly failed: boolean; readonly totalMs: number }
  | { readonly kind: 'rows'; readonly version: string; readonly rows: number }
  | {
      readonly kind: 'said';
      readonly version: string | undefined;
      readonly feature: string;
      readonly of: 'number' | 'category';
      readonly values: readonly (number | string)[];
    };

/** A rule, judged by what all processes see. */
class Judged {
  readonly #rule: ToldRule;
  readonly #complain: (version: string, why: string) => void;
  readonly #health = new Map<string, VersionHealth>();
  /** The processes where it holds. */
  readonly pids = new Set<number>();
  readonly drift: RolloutJudge;
  complaint: Pick<Complaint, 'version' | 'why'> | undefined;
  /** The process that has told of it last. */
  teller = 0;

  constructor(rule: ToldRule, options: WatchOptions, complain: (complaint: Pick<Complaint, 'version' | 'why'>) => void) {
    this.#rule = rule;
    this.#complain = (version, why) => {
      if (this.complaint === undefined) complain((this.complaint = { version, why }));
    };
    this.drift = new RolloutJudge({ limits: rule.limits.drift ?? {}, complain: this.#complain }, options);
  }

  take(evidence: ToldEvidence): void {
    if (evidence.kind === 'said')
      this.drift.said(evidence.version, { feature: evidence.feature, kind: evidence.of }, evidence.values);
    else if (evidence.kind === 'rows') this.drift.rows(evidence.version, evidence.rows);
    else {
      let health = this.#health.get(evidence.version);
      if (health === undefined) this.#health.set(evidence.version, (health = new VersionHealth()));
      health.note(evidence.failed, evidence.totalMs);
      const why = health.complaint(this.#rule.limits);
      if (why !== undefined) this.#complain(evidence.version, why);
    }
  }
}

/** Judges versions under traffic rules for processes that answer together: what each sees counts as if one had seen it all. */
export class Rollouts {
  readonly #options: WatchOptions;
  readonly #complain: (complaint: Complaint) => void;
  readonly #rules = new Map<string, Judged>();

  /** `complain` has all processes put the rule before back. */
  constructor(options: WatchOptions, complain: (complaint: Complaint) => void) {
    this.#options = options;
    this.#complain = complain;
  }

  /** A rule has begun to hold in a process. */
  begin(pid: number, rule: ToldRule): void {
    const key = keyOf(rule);
    const { model, epoch } = rule;
    let judged = this.#rules.get(key);
    if (judged === undefined) {
      const own = new Judged(rule, this.#options, (found) => this.#complain({ model, epoch, ...found, teller: own.teller }));
      this.#rules.set(key, (judged = own));
    }
    judged.pids.add(pid);
    // Who begins after the others were told has to be told too.
    if (judged.complaint !== undefined) this.#complain({ model, epoch, ...judged.complaint, teller: pid });
  }

  /** A rule holds no more in a process. */
  end(pid: number, rule: Pick<ToldRule, 'model' | 'epoch'>): void {
    const judged = this.#rules.get(keyOf(rule));
    judged?.pids.delete(pid);
    if (judged?.pids.size === 0) this.#rules.delete(keyOf(rule));
  }

  /** A process is gone. */
  forget(pid: number): void {
    for (const [key, { pids }] of this.#rules) if (pids.delete(pid) && pids.size === 0) this.#rules.delete(key);
  }

  take(pid: number, rule: Pick<ToldRule, 'model' | 'epoch'>, evidence: ToldEvidence): void {
    const judged = this.#rules.get(keyOf(rule));
    if (judged === undefined) return;
    judged.teller = pid;
    judged.take(evidence);
  }

  /** Begins to count an input of a version; undefined where the rule holds no more. */
  open(rule: Pick<ToldRule, 'model' | 'epoch'>, version: string, spec: FeatureSpec): ((seen: Seen) => void) | undefined {
    return this.#rules.get(keyOf(rule))?.drift.open(version, spec);
  }

  /** How a version stands that a rule watches. */
  figures(model: string, version: string): RolloutFigures | undefined {
    const own = [...this.#rules].filter(([key]) => key.startsWith(`${model}\n`)).map(([, { drift }]) => drift.figures(version));
    return own.findLast((figures) => figures !== undefined);
  }
}

const keyOf = ({ model, epoch }: Pick<ToldRule, 'model' | 'epoch'>): string => `${model}\n${epoch}`;
