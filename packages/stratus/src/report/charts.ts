import { at, escaped, short } from '../plots/index.ts';
import { count } from '../progress/index.ts';
import type { ColumnProfile, Histogram } from './column-profile.ts';
import { percent, topText, valueOf } from './figures.ts';
import type { ProfileJson } from './profile.ts';

/** Bars, and below them the middle half of the numbers with their median, on a line from the 5th to the 95th hundredth. */
export function histogramSvg(column: ColumnProfile, { edges, counts }: Histogram): string {
  const [width, height, box] = [320, 84, 14];
  const highest = Math.max(1, ...counts);
  const [first, last] = [edges[0]!, edges.at(-1)!];
  const x = (value: number): number => ((value - first) / (last - first)) * width;
  const bar = width / counts.length;
  const bars = counts.map((n, i) => {
    const tall = n === 0 ? 0 : Math.max(1.5, (n / highest) * height);
    const range = `${valueOf(column, edges[i])} to ${valueOf(column, edges[i + 1])}`;
    return `<rect class="bar" x="${at(i * bar + 0.5)}" y="${at(height - tall)}" width="${at(Math.max(0.5, bar - 1))}" height="${at(tall)}" rx="1"><title>${range}: ${count(n)}</title></rect>`;
  });
  const q = (share: string): number => x(column.quantiles?.[share] ?? first);
  const middle = height + 4 + box / 2;
  const plot = [
    `<line class="whisker" x1="${at(q('0.05'))}" x2="${at(q('0.95'))}" y1="${middle}" y2="${middle}"/>`,
    `<rect class="box" x="${at(q('0.25'))}" y="${height + 6}" width="${at(Math.max(1, q('0.75') - q('0.25')))}" height="${box - 4}" rx="2"><title>the middle half: ${valueOf(column, column.quantiles?.['0.25'])} to ${valueOf(column, column.quantiles?.['0.75'])}</title></rect>`,
    `<line class="median" x1="${at(q('0.5'))}" x2="${at(q('0.5'))}" y1="${height + 4}" y2="${height + 4 + box}"/>`,
  ];
  const label = `histogram from ${valueOf(column, column.minimum)} to ${valueOf(column, column.maximum)}`;
  return `<figure><svg viewBox="0 0 ${width} ${height + box + 6}" role="img" aria-label="${label}">${bars.join('')}${column.quantiles ? plot.join('') : ''}</svg><figcaption><span>${valueOf(column, column.minimum)}</span><span>${valueOf(column, column.maximum)}</span></figcaption></figure>`;
}

/** The most frequent values, each with a bar. */
export function barsOf({ top, count: total, distinct, distinctIsExact }: ColumnProfile): string {
  const most = top[0]?.count ?? 1;
  const shown = top.slice(0, distinctIsExact && distinct <= 10 ? 10 : 6);
  const rows = shown.map(({ value, count: n, approximate }) => {
    const text = topText(value);
    return `<li><span class="name" title="${escaped(text, 200)}">${escaped(text, 30) || '<em>empty</em>'}</span><span class="track"><i style="width:${((n / most) * 100).toFixed(1)}%"></i></span><span class="n">${approximate ? '≥ ' : ''}${count(n)}</span><span class="n">${percent(n / total)}</span></li>`;
  });
  const rest = distinct - shown.length;
  const more = rest > 0 ? `<li class="more">and ${distinctIsExact ? '' : 'at least '}${count(rest)} more</li>` : '';
  return rows.length === 0 ? '' : `<ol class="bars">${rows.join('')}${more}</ol>`;
}

/** Pearson's coefficients as coloured squares. */
export function heatMap({ names, matrix }: ProfileJson['correlation']): string {
  const [cell, margin] = [30, 130];
  const side = names.length * cell;
  const squares = matrix.flatMap((row, i) =>
    row.map((r, j) => {
      const place = `x="${margin + j * cell + 1}" y="${i * cell + 1}" width="${cell - 2}" height="${cell - 2}" rx="3"`;
      const title = `<title>${escaped(names[i]!)} and ${escaped(names[j]!)}: ${Number.isNaN(r) ? 'none' : r.toFixed(3)}</title>`;
      if (Number.isNaN(r)) return `<rect class="none" ${place}>${title}</rect>`;
      const number =
        names.length <= 16 && i !== j
          ? `<text class="r${Math.abs(r) > 0.6 ? ' strong' : ''}" x="${margin + (j + 0.5) * cell}" y="${(i + 0.5) * cell + 3.5}">${short(Number(r.toFixed(1))).replace('0.', '.')}</text>`
          : '';
      return `<rect class="${r < 0 ? 'negative' : 'positive'}" fill-opacity="${Math.max(0.06, Math.abs(r)).toFixed(2)}" ${place}>${title}</rect>${number}`;
    }),
  );
  const labels = names.flatMap((name, i) => [
    `<text x="${margin - 8}" y="${(i + 0.5) * cell + 4}" text-anchor="end">${escaped(name, 18)}</text>`,
    `<text transform="translate(${margin + (i + 0.5) * cell + 4} ${side + 8}) rotate(-45)" text-anchor="end">${escaped(name, 18)}</text>`,
  ]);
  const [width, height] = [margin + side + 10, side + 100];
  return `<svg class="heat" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="correlations">${squares.join('')}${labels.join('')}</svg><p class="legend"><i class="negative"></i>&minus;1 <i class="none"></i>0 <i class="positive"></i>+1</p>`;
}
