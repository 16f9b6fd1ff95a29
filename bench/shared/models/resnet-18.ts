import {
  activation,
  add,
  batchNormalization,
  conv2d,
  dense,
  globalAveragePooling2d,
  input,
  maxPooling2d,
  model,
  rescaling,
  type Symbolic,
  sgd,
  zeroPadding2d,
} from 'stratus';
import { pictures } from '../random-arrays.ts';
import type { StepModel } from '../step-models.ts';

const relu = activation({ activation: 'relu' });

/** Convolution without a bias and batch normalisation; padded on both sides alike, as torchvision's. */
function convolution(x: Symbolic, filters: number, kernelSize: number, strides = 1): Symbolic {
  const padded = kernelSize > 1 ? zeroPadding2d({ padding: (kernelSize - 1) / 2 })(x) : x;
  return batchNormalization({ epsilon: 1e-5 })(conv2d({ filters, kernelSize, strides, useBias: false })(padded));
}

/** Filters and strides of the eight blocks. */
const blocks = [
  [64, 1],
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
] as const;

/** ResNet-18 (He et al. 2015) on eight pictures of 224 x 224. */
export const stepModel: StepModel = {
  title: 'ResNet-18',
  batchSize: 8,
  target: 1,
  large: true,
  firstSteps: 1,
  data: () => pictures(4 * 8, { size: 224, classes: 1000 }),
  build(executor) {
    const image = input({ shape: [224, 224, 3], dtype: 'uint8', name: 'image' });
    let x = relu(convolution(rescaling({ scale: 1 / 255 })(image), 64, 7, 2));
    x = maxPooling2d({ poolSize: 3, strides: 2 })(zeroPadding2d({ padding: 1 })(x)); // after ReLU a zero is the least
    for (const [filters, strides] of blocks) {
      const inner = convolution(relu(convolution(x, filters, 3, strides)), filters, 3);
      x = relu(add()([inner, strides === 1 ? x : convolution(x, filters, 1, strides)]));
    }
    const classes = dense({ units: 1000, activation: 'softmax', name: 'class' })(globalAveragePooling2d()(x));
    return model({ inputs: image, outputs: classes, name: 'resnet-18', executor }).compile({
      optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
      loss: 'sparseCategoricalCrossentropy',
    });
  },
  feeds: ({ x, y }) => ({ x: x!, y: y! }),
};
