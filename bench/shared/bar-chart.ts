/** One bar: a median with the range of its middle half. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Ours, in another colour. */
  readonly own?: boolean;
}

const row = 30;
const left = 250;
const width = 760;
const top = 58;

/** For text and attributes of XML. */
export const escape = (text: string): string => text.replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);
const shown = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1));

/** A picture of bars on a linear scale. Those over `most` are cut off, visibly, so that the others can be told apart. */
export function barChart({
  title,
  subtitle,
  unit,
  bars,
  most,
}: {
  readonly title: string;
  readonly subtitle: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  readonly most: number;
}): string {
  const room = width - left - 100;
  const x = (value: number): number => Math.round(left + (Math.min(value, most) / most) * room);
  const lines = bars.map(({ label, value, low, high, own }, i) => {
    const y = top + i * row;
    const middle = y + 10;
    const cut = value > most;
    const end = x(value);
    const spread = cut
      ? `<path class="cut" d="M${end - 26} ${y - 3}l-8 26M${end - 18} ${y - 3}l-8 26"/>`
      : `<path class="spread" d="M${x(low)} ${middle}H${x(high)}M${x(low)} ${middle - 4}v8M${x(high)} ${middle - 4}v8"/>`;
    return [
      `<text x="${left - 10}" y="${middle + 5}" text-anchor="end">${escape(label)}</text>`,
      `<rect class="${own ? 'own' : 'peer'}" x="${left}" y="${y}" width="${end - left}" height="20" rx="2"/>${spread}`,
      `<text x="${Math.max(end, cut ? 0 : x(high)) + 8}" y="${middle + 5}">${shown(value)} ${escape(unit)}</text>`,
    ].join('\n');
  });
  const height = top + bars.length * row + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(title)}">
<style>
text { font: 14px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 16px } .sub { font-size: 12px; fill: #59636e }
.page { fill: #fff } .own { fill: #1f6feb } .peer { fill: #afb8c1 } .spread { stroke: #1f2328; fill: none } .cut { stroke: #fff; stroke-width: 3; fill: none }
@media (prefers-color-scheme: dark) { text { fill: #f0f6fc } .sub { fill: #9198a1 } .page, .cut { fill: #0d1117; stroke: #0d1117 } .peer { fill: #59636e } .spread { stroke: #f0f6fc } }
</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="16" y="26">${escape(title)}</text>
<text class="sub" x="16" y="44">${escape(subtitle)}</text>
${lines.join('\n')}
</svg>
`;
}
