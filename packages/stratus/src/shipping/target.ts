import type { Shipment } from './shipment.ts';

/** A file that a target consists of. */
export interface ShippedFile {
  /** Below the folder that is written, with '/'. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** What it is, in a few words. */
  readonly about: string;
}

/** A key that whoever asks the servers sends. */
export interface ShippedKey {
  /** Who uses it. */
  readonly name: string;
  /** Where its secret is kept. */
  readonly path: string;
}

/** A place where models run, and all that is to be known of it: to add one, a file in `targets/` and a line in its index. */
export interface Target {
  /** What it is, for the list of targets. */
  readonly about: string;
  /** It has a registry of its own to offer where the given one cannot be reached from a container. */
  readonly bringsRegistry?: boolean;
  files(shipment: Shipment): readonly ShippedFile[];
  /** The keys that are made, if keys are wanted. */
  readonly keys: readonly ShippedKey[];
  /** What to type next, in the folder. */
  next(shipment: Shipment): readonly string[];
}
