export { checkGraph } from './check.ts';
export { type Closure, closeGraph, standIn } from './closure.ts';
export { dependsOn } from './depends-on.ts';
export { expandGraph, ownDomain, portable, type Runs } from './expand.ts';
export { joinGraph } from './join.ts';
export { type Plan, planOf } from './plan.ts';
export { printGraph } from './print.ts';
export { type Rule, rewrite } from './rewrite.ts';
export { atPath, inScope, scoped } from './scope.ts';
export { standIns } from './stand-ins.ts';
export { type Remake, substitute } from './substitute.ts';
export {
  type AttrKind,
  type Attrs,
  type AttrValue,
  apply,
  constant,
  type ElementwiseKind,
  type Gradient,
  type GradientContext,
  type Graph,
  graphInput,
  type Info,
  type Join,
  type Joined,
  type LeastSize,
  type Node,
  type Op,
  type PullBack,
  type Sized,
  type StepSum,
  toposort,
  type Value,
  type Written,
} from './value.ts';
export { withOutputs } from './with-outputs.ts';
