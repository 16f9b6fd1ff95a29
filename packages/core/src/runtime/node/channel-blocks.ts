import { arch } from 'node:os';

/**
 * Sizes of blocks of channels in ONNX Runtime's convolutions: 16 with AVX-512, 8 without. Elsewhere some processors have such
 * kernels and some do not, and asking one that does not is not known to be safe.
 * Source: ONNX Runtime, MlasNchwcGetBlockSize in core/mlas/lib/snchwc.cpp.
 */
export const channelBlocks: readonly number[] = arch() === 'x64' ? [16, 8] : [];
