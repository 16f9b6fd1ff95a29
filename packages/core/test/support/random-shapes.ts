// Shapes for the properties that hold whatever the shape: sizes of 1, scalars, and different ranks among them.
import fc from 'fast-check';

const size = fc.integer({ min: 1, max: 3 });

/** One shape of rank 0 to 4. */
export const anyShape = fc.array(size, { maxLength: 4 });

/** Two shapes that broadcast: each is the end of a common shape, with some sizes 1. */
export const broadcastShapes = anyShape.chain((common) => {
  const part = fc
    .tuple(
      fc.integer({ min: 0, max: common.length }),
      fc.array(fc.boolean(), { minLength: common.length, maxLength: common.length }),
    )
    .map(([from, kept]) => common.map((d, i) => (kept[i] ? d : 1)).slice(from));
  return fc.tuple(part, part);
});
