import { LabelFollower, type TakeLabels } from './label-follower.ts';
import type { PassLabels } from './monitor/index.ts';
import { registryShelf } from './registry-shelf.ts';
import { DataPlane, type DataPlaneOptions } from './serve/index.ts';
import { TrafficFollower } from './traffic-follower.ts';
import type { Workspace } from './workspace/index.ts';

/** Options of {@link ServedModels}. */
export interface ServedModelsOptions extends Omit<DataPlaneOptions, 'shelf'> {
  readonly report: (error: unknown) => void;
  /** The registry is looked at so often, in milliseconds. */
  readonly lookMs: number;
  /** Is told when a traffic rule was changed here, and is in the store. */
  readonly changed?: (() => void) | undefined;
  /** Takes labels in that have come to other servers of the registry. */
  readonly takeLabels?: TakeLabels | undefined;
}

/**
 * The models of a registry behind the data plane. It follows the registry: a version that is promoted and a traffic rule that is changed, here or by another process, hold a moment
 * later, and requests on their way are answered by the version before. A version that cannot be loaded is told of, and does not replace one that works.
 */
export class ServedModels {
  readonly plane: DataPlane;
  /** Leaves labels for the server that has answered. */
  readonly passLabels: PassLabels;
  readonly #traffic: TrafficFollower;
  readonly #takeLabels: () => Promise<void>;
  readonly #lookMs: number;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #isLoaded = false;
  #isStopping = false;

  constructor(workspace: Workspace, { report, lookMs, changed, takeLabels, ...options }: ServedModelsOptions) {
    const traffic = new TrafficFollower(workspace.store, report);
    this.plane = new DataPlane([], {
      ...options,
      report,
      shelf: registryShelf(workspace),
      trafficChanged(change) {
        options.trafficChanged?.(change);
        void traffic.keep(change).then(changed);
      },
    });
    const labels = new LabelFollower(workspace.store, report);
    this.passLabels = (model, all) => labels.leave(model, all);
    this.#takeLabels = async () => takeLabels && (await labels.look(takeLabels));
    this.#traffic = traffic;
    this.#lookMs = lookMs;
  }

  /** True from when all models were looked at once. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Begins to follow the registry. */
  start(): void {
    const look = async (): Promise<void> => {
      await this.look();
      if (this.#isStopping) return;
      this.#timer = setTimeout(() => void look(), this.#lookMs);
      this.#timer.unref();
    };
    void look();
  }

  /** Brings what is served to what the registry says now. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Brings what is served to what the registry says at this moment: a look that has begun before may have missed it. */
  async lookAnew(): Promise<void> {
    await this.#looking;
    if (!this.#isStopping) await this.look();
  }

  async #look(): Promise<void> {
    if (!(await this.plane.repository.look())) return;
    await this.#traffic.look(this.plane.traffic);
    this.#isLoaded = true;
    await this.#takeLabels();
  }

  /** From now on it says that it is not ready. */
  drain(): void {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    this.plane.drain();
  }

  /** Frees the models. */
  async release(): Promise<void> {
    this.drain();
    await this.#looking;
    await this.#traffic.kept();
    await this.plane.release();
  }
}
