export { checkGraph } from './check.ts';
export { printGraph } from './print.ts';
export { atPath, inScope, scoped } from './scope.ts';
export {
  type AttrKind,
  type Attrs,
  type AttrValue,
  apply,
  constant,
  type Gradient,
  type GradientContext,
  type Graph,
  graphInput,
  type Info,
  type Node,
  type Op,
  toposort,
  type Value,
} from './value.ts';
