// Every layer that a saved model may name: the type it is saved under, and its factory.
import { activation } from './activation.ts';
import { add } from './add.ts';
import { concatenate } from './concatenate.ts';
import { dense } from './dense.ts';
import { dropout } from './dropout.ts';
import { flatten } from './flatten.ts';
import { gaussianNoise } from './gaussian-noise.ts';
import type { Layer, LayerOutput } from './layer.ts';
import { rescaling } from './rescaling.ts';
import { reshape } from './reshape.ts';

/** Makes a layer of a saved config. */
export type LayerFactory = (config: never) => Layer<LayerOutput>;

export const layers: Readonly<Record<string, LayerFactory>> = {
  Activation: activation,
  Add: add,
  Concatenate: concatenate,
  Dense: dense,
  Dropout: dropout,
  Flatten: flatten,
  GaussianNoise: gaussianNoise,
  Rescaling: rescaling,
  Reshape: reshape,
};
