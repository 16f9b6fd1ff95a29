export { checkGraph } from './check.ts';
export { printGraph } from './print.ts';
export { atPath, inScope, scoped } from './scope.ts';
export {
  apply,
  constant,
  graphInput,
  toposort,
  type AttrKind,
  type Attrs,
  type AttrValue,
  type Gradient,
  type GradientContext,
  type Graph,
  type Info,
  type Node,
  type Op,
  type Value,
} from './value.ts';
