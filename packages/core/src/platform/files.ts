// The types of what `#files` gives in every environment: runtime/node/files.ts or runtime/web/files.ts.
import type { Files } from '../runtime/files.ts';

/**
 * The file system of this environment; in browsers every call fails with `no-files`.
 *
 * @example
 * import { files } from '@stratus/core';
 * console.log(files.join('models', 'mnist.onnx')); // models/mnist.onnx
 */
export declare const files: Files;
