import type { ShadowCounts, TrafficChange } from '../serve/index.ts';
import type { Alert } from './alerts/alerts.ts';
import type { FeatureFigures } from './drift/feature-figures.ts';
import type { RolloutFigures } from './drift/rollout-judge.ts';
import type { LiveAccuracy } from './feedback.ts';
import type { RefusalFigures } from './recent-refusals.ts';
import type { TrafficFigures } from './recent-traffic.ts';

/** Everything that is watched of one version of a model. */
export interface ModelReport {
  readonly model: string;
  readonly version: string;
  /** Requests that wait for their run, where that is known. */
  readonly waiting?: number | undefined;
  readonly traffic: TrafficFigures;
  readonly drift: readonly FeatureFigures[];
  /** How it stands while a traffic rule limits how far it may move. */
  readonly rollout?: RolloutFigures | undefined;
  /** What came of asking it too, as a shadow, since the server began. */
  readonly shadow?: ShadowCounts | undefined;
  readonly accuracy: LiveAccuracy;
  readonly alerts: readonly Pick<Alert, 'rule' | 'since'>[];
}

/** What is watched of a server. */
export interface ServerReport {
  readonly at: string;
  /** Since the server began, in milliseconds. */
  readonly upMs: number;
  readonly memoryBytes: number;
  /** Requests of the last minute that no model was asked for. */
  readonly refused: RefusalFigures;
  /** The last traffic rules that this server has put back, the newest last. */
  readonly rollbacks: readonly Pick<TrafficChange, 'model' | 'why' | 'at'>[];
  readonly models: readonly ModelReport[];
}
