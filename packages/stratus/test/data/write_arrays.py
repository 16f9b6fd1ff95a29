"""What packages/stratus/test/npy.test.ts reads: arrays that NumPy wrote. Run with Python 3 and NumPy; the files are committed."""
import os
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
save = lambda name, array: np.save(os.path.join(here, name), array)

base = np.arange(6).reshape(2, 3)
np.savez(
    os.path.join(here, 'types.npz'),
    **{t: base.astype(t) for t in ['int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64']},
    bool=base % 2 == 0,
    text=np.array([['a', 'bär', ''], ['日本', 'x y', 'end']]),
    scalar=np.array(7.5),
    empty=np.zeros((0, 4), dtype='float32'),
)
np.savez_compressed(os.path.join(here, 'compressed.npz'), x=np.arange(1000, dtype='int32').reshape(10, 100), y=np.ones(10))
save('big-endian.npy', (base * 1.5 - 2).astype('>f4'))
save('fortran.npy', np.asfortranarray(np.arange(24, dtype='int32').reshape(2, 3, 4)))
save('objects.npy', np.array([{'a': 1}, None], dtype=object))
save('complex.npy', np.array([1 + 2j]))
