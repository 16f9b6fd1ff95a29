/** What matters of a move here. */
interface Step {
  readonly kind: string;
  readonly version: number | undefined;
}

/**
 * The version that an alias had before it got the one that it has now; undefined where there is none. `moves`: all of them, the oldest first. A move back takes the moves
 * away that it undid, so that going back twice goes back two decisions.
 */
export function rollbackTarget(moves: readonly Step[]): number | undefined {
  const stack: (number | undefined)[] = [];
  for (const { kind, version } of moves) {
    if (kind === 'rollback') {
      // Back to the newest place in the stack that has this version: that is how it was found.
      while (stack.length > 0 && stack.at(-1) === undefined) stack.pop();
      const at = stack.slice(0, -1).lastIndexOf(version);
      if (at >= 0) {
        stack.length = at + 1;
        continue;
      }
    }
    if (version !== stack.at(-1)) stack.push(version);
  }
  const now = stack.pop();
  return stack.findLast((version) => version !== undefined && version !== now);
}
