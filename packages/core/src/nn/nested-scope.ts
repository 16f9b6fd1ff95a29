import { inScope } from '../graph/index.ts';
import type { Layer, LayerOutput, Scope } from './layer.ts';

/** Builds a part of a layer whose parameters are named under it: `attention/query/kernel`. */
export const inPart = <T>(scope: Scope, part: string, build: (scope: Scope) => T): T =>
  inScope(part, () =>
    build({
      ...scope,
      parameter: (name, shape, options) => scope.parameter(`${part}/${name}`, shape, options),
      update: (name, value) => scope.update(`${part}/${name}`, value),
    }),
  );

/** The scope of a layer around another one, for building that: what the inner one froze stays as it is. */
export const asAllowed = (scope: Scope, inner: Layer<LayerOutput>): Scope => ({
  ...scope,
  trainable: scope.trainable && inner.trainable,
  parameter: (name, shape, options) =>
    scope.parameter(name, shape, { ...options, trainable: (options.trainable ?? true) && inner.trainable }),
});
