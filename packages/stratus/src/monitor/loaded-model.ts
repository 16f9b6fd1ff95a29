import type { Manifest } from '@stratus/core';
import type { Servable } from '../serve/index.ts';

/** A model that is served now, as far as monitoring asks. */
export interface LoadedModel {
  readonly name: string;
  readonly version: string;
  /** Requests that wait for their run. */
  readonly waiting?: number | undefined;
  /** What the file says about itself: with it the baseline that traffic is compared with. */
  readonly manifest?: Manifest | undefined;
  readonly labels?: Servable['labels'] | undefined;
}

/** One text for a model and its version. */
export const keyOf = (model: string, version: string): string => `${model}\n${version}`;
