const blocks = '▁▂▃▄▅▆▇█';

/** Counts as bars on one line, a character each; nothing is a blank. */
export function barsText(counts: readonly number[]): string {
  const highest = Math.max(...counts);
  return counts.map((n) => (n === 0 ? ' ' : blocks[Math.min(7, Math.floor((n / highest) * 8))])).join('');
}

/** Values as a line of blocks between the lowest and the highest; a blank where there is none. */
export function sparkline(values: readonly number[], width = 24): string {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const cells = Math.min(width, values.length);
  return Array.from({ length: cells }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / cells), Math.floor(((i + 1) * values.length) / cells));
    const known = part.filter(Number.isFinite);
    if (known.length === 0) return ' ';
    const mean = known.reduce((a, b) => a + b, 0) / known.length;
    return blocks[high === low ? 3 : Math.min(7, Math.floor(((mean - low) / (high - low)) * 8))];
  }).join('');
}
