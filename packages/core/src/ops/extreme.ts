// What Max and Min have in common.
import type { Info, Value } from '../graph/index.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { div } from './div.ts';
import { equal } from './equal.ts';
import { arithmetic, numeric } from './kinds.ts';
import { mul } from './mul.ts';

/** Shape and dtype of the result, for any number of inputs. */
export const extreme = (what: string, ins: readonly Info[]): Info =>
  ins.map((x) => numeric(what, x)).reduce((a, b) => arithmetic(what, a, b));

/** The gradient: it goes to the inputs that gave the result, in equal parts where several did. */
export function toWinners(ins: readonly Value[], y: Value, dy: Value): Value[] {
  const won = ins.map((x) => cast(equal(x, y), y.dtype));
  const share = won.length === 1 ? dy : div(dy, won.reduce(add));
  return won.map((mask) => mul(share, mask));
}
