import { escape } from './bar-chart.ts';

/** One model: our time as a share of each library's. Without a ratio where the library was not measured. */
export interface Group {
  readonly title: string;
  readonly bars: readonly {
    readonly library: string;
    readonly ratio?: number;
    /** The range of the middle half. */
    readonly low?: number;
    readonly high?: number;
  }[];
}

const [width, left, top, row, gap] = [760, 230, 86, 16, 12];
/** Longer bars are cut off. */
const most = 2;
const right = 110;
const colours = ['torch', 'tensorflow', 'jax'];
const x = (ratio: number): number => Math.round(left + (Math.min(ratio, most) / most) * (width - left - right));

/** A picture of ratios in groups, with a line at 1: what is left of it is faster than the peer. */
export function ratioChart({ groups, subtitle }: { readonly groups: readonly Group[]; readonly subtitle: string }): string {
  const title = "Time of a training step: Stratus' share of each peer's at its fastest";
  const each = (groups[0]?.bars.length ?? 0) * row + gap;
  const height = top + groups.length * each + 30;
  const bars = groups.flatMap((group, i) => {
    const y = top + i * each;
    const middle = y + (group.bars.length * row) / 2 + 5;
    const rows = group.bars.map(({ library, ratio, low, high }, j) => {
      const at = y + j * row;
      if (ratio === undefined || low === undefined || high === undefined)
        return `<text class="sub" x="${left + 6}" y="${at + 12}">${escape(library)}: not measured</text>`;
      const end = x(ratio);
      const line = at + 7;
      const spread =
        ratio > most
          ? ''
          : `<path class="spread" d="M${x(low)} ${line}H${x(high)}M${x(low)} ${line - 3}v6M${x(high)} ${line - 3}v6"/>`;
      return `<rect class="${colours[j]}" x="${left}" y="${at}" width="${end - left}" height="${row - 3}"/>${spread}
<text class="sub" x="${Math.max(end, ratio > most ? 0 : x(high)) + 6}" y="${at + 11}">${ratio.toFixed(2)}${ratio > most ? ' (cut off)' : ''}</text>`;
    });
    return [`<text x="${left - 10}" y="${middle}" text-anchor="end">${escape(group.title)}</text>`, ...rows];
  });
  const legend = (groups[0]?.bars ?? []).map(
    ({ library }, j) =>
      `<rect class="${colours[j]}" x="${left + j * 110}" y="56" width="12" height="12"/><text class="sub" x="${left + 18 + j * 110}" y="66">${escape(library)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 16px } .sub { font-size: 12px; fill: #59636e; paint-order: stroke; stroke: #fff; stroke-width: 3px }
.page { fill: #fff } .torch { fill: #d4622b } .tensorflow { fill: #d9a514 } .jax { fill: #5b6fb5 } .spread { stroke: #1f2328; fill: none } .one { stroke: #1f2328; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .sub { fill: #9198a1 } .page { fill: #0d1117 } .sub { fill: #9198a1; stroke: #0d1117 } .spread, .one { stroke: #f0f6fc } }
</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="16" y="26">${escape(title)}</text>
<text class="sub" x="16" y="44">Shorter is better; left of the dashed line Stratus is faster. Whiskers: the middle half of the rounds.</text>
<text class="sub" x="16" y="${height - 10}">${escape(subtitle)}</text>
${legend.join('\n')}
<path class="one" d="M${x(1)} ${top - 8}V${height - 28}"/>
${bars.join('\n')}
</svg>
`;
}
