import { dtypeOfOnnx } from '../../../tensor/index.ts';
import type { Port } from '../../executor.ts';
import { noTensor, portOf } from '../../ports.ts';
import type { Library } from './library.ts';
import { dimensionsOf } from './values.ts';

/** What a session takes or gives. */
export function portsOf(library: Library, session: bigint, side: 'input' | 'output'): Port[] {
  const [count, nameOf, typeOf] =
    side === 'input'
      ? (['SessionGetInputCount', 'SessionGetInputName', 'SessionGetInputTypeInfo'] as const)
      : (['SessionGetOutputCount', 'SessionGetOutputName', 'SessionGetOutputTypeInfo'] as const);
  return Array.from({ length: Number(library.make(count, session)) }, (_, i) => {
    const at = library.make(nameOf, session, i, library.allocator);
    const name = library.text(at);
    library.call('AllocatorFree', library.allocator, at);
    const type = library.make(typeOf, session, i);
    try {
      const info = library.make('CastTypeInfoToTensorInfo', type); // part of `type`, not to be released
      if (info === 0n) throw noTensor(side, name);
      const dtype = dtypeOfOnnx(Number(library.make('GetTensorElementType', info)));
      const dims = dimensionsOf(library, info);
      const names = new BigUint64Array(dims.length);
      if (dims.length > 0) library.call('GetSymbolicDimensions', info, library.address(names), names.length);
      const shape = dims.map((d, axis) => (d >= 0 ? d : library.text(names[axis]!)));
      return portOf(side, name, dtype, shape, !library.call('TensorTypeAndShape_HasShape', info));
    } finally {
      library.call('ReleaseTypeInfo', type);
    }
  });
}
