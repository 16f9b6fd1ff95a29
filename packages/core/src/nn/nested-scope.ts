import { inScope } from '../graph/index.ts';
import type { Scope } from './layer.ts';

/** Builds a part of a layer whose parameters are named under it: `attention/query/kernel`. */
export const inPart = <T>(scope: Scope, part: string, build: (scope: Scope) => T): T =>
  inScope(part, () =>
    build({
      ...scope,
      parameter: (name, shape, options) => scope.parameter(`${part}/${name}`, shape, options),
      update: (name, value) => scope.update(`${part}/${name}`, value),
    }),
  );
