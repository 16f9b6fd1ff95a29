import type { Manifest } from '@stratus/core';
import type { DataPlane, Servable } from '../serve/index.ts';

/** A model that is served now, as far as monitoring asks. */
export interface WatchedModel {
  readonly name: string;
  readonly version: string;
  /** Requests that wait for their run. */
  readonly waiting?: number | undefined;
  /** What the file says about itself: with it the baseline that traffic is compared with. */
  readonly manifest?: Manifest | undefined;
  readonly labels?: Servable['labels'] | undefined;
  /** What is done to records before the graph. */
  readonly preprocessing?: Servable['preprocessing'] | undefined;
}

/** One text for a model and its version, or anything else of it. */
export const keyOf = (model: string, version: string): string => `${model}\n${version}`;

/**
 * The models of a data plane that are in memory, every version.
 *
 * @example
 * import { DataPlane, dense, input, loadedModels, openServable, sequential } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const plane = new DataPlane([await openServable(await net.toBytes(), { name: 'net' })]);
 * console.log(loadedModels(plane).map(({ name, version }) => `${name}:${version}`)); // ['net:1']
 */
export const loadedModels = ({ repository }: Pick<DataPlane, 'repository'>): WatchedModel[] =>
  repository.names().flatMap((name) =>
    repository.versions(name).flatMap((version) => {
      const served = repository.loaded(name, version);
      if (served === undefined) return [];
      const { manifest, labels, preprocessing } = served.servable;
      return [{ name, version, waiting: served.batcher.waiting, labels, preprocessing, ...(manifest && { manifest }) }];
    }),
  );
