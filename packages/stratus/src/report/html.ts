import { escaped, short } from '../plots/index.ts';
import { count } from '../progress/index.ts';
import { barsOf, heatMap, histogramSvg } from './charts.ts';
import type { ColumnProfile } from './column-profile.ts';
import { distinctText, percent, valueOf } from './figures.ts';
import type { ProfileJson } from './profile.ts';
import { style } from './style.ts';

const facts = (entries: readonly (readonly [string, string])[]): string =>
  `<dl>${entries
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`)
    .join('')}</dl>`;

function missingBar(missing: number, rows: number): string {
  if (missing === 0) return '';
  const share = missing / rows;
  return `<p class="missing${share >= 0.2 ? ' much' : ''}"><span><i style="width:${(share * 100).toFixed(1)}%"></i></span>${percent(share)} missing (${count(missing)})</p>`;
}

function card(column: ColumnProfile, rows: number, isTarget: boolean): string {
  const { name, kind, shape, histogram, outliers, quantilesAreExact } = column;
  const of = (x: number | undefined): string => valueOf(column, x);
  const about = quantilesAreExact === false ? '≈ ' : '';
  const deviation = column.standardDeviation === undefined || kind === 'date' ? '' : short(column.standardDeviation);
  const numbers = facts([
    ['mean', of(column.mean)],
    ['deviation', deviation],
    ['minimum', of(column.minimum)],
    ['median', column.quantiles ? about + of(column.quantiles['0.5']) : ''],
    ['maximum', of(column.maximum)],
    ['different', distinctText(column)],
    ['outliers', outliers ? `${outliers.exact ? '' : '≈ '}${count(outliers.count)}` : ''],
    ['infinite', column.infinite > 0 ? count(column.infinite) : ''],
  ]);
  // Few different numbers are told better by their names.
  const isFew = kind === 'number' && column.distinctIsExact && column.distinct <= 6;
  const picture = histogram && !isFew ? histogramSvg(column, histogram) : barsOf(column);
  const badge = `<span class="kind ${kind}">${kind}${shape ? ` ${shape.join('×')}` : ''}</span>`;
  return `<article${isTarget ? ' class="target"' : ''}><h3><span title="${escaped(name, 200)}">${escaped(name, 60)}</span>${isTarget ? '<span class="kind aim">target</span>' : ''}${badge}</h3>${missingBar(column.missing, rows)}${picture}${numbers}</article>`;
}

/** A profile as one page. */
export function htmlOf({ title, rows, columns, target, hints, correlation, columnsLeftOut }: ProfileJson): string {
  const aim = columns.find(({ name }) => name === target);
  const values = rows * Math.max(1, columns.length);
  const missing = columns.reduce((sum, column) => sum + Math.min(rows, column.missing), 0);
  const tile = (value: string, name: string): string => `<div class="tile"><b>${value}</b><span>${name}</span></div>`;
  const kinds = ['number', 'text', 'boolean', 'date', 'mixed', 'empty'].flatMap((kind) => {
    const n = columns.filter((column) => column.kind === kind).length;
    return n === 0 ? [] : [`${count(n)} ${kind}`];
  });
  const tiles = [
    tile(count(rows), rows === 1 ? 'row' : 'rows'),
    tile(count(columns.length + columnsLeftOut), `columns: ${kinds.join(', ')}`),
    tile(percent(missing / values), 'of all values are missing'),
    tile(count(hints.length), hints.length === 1 ? 'thing worth a look' : 'things worth a look'),
  ];
  const list = hints.map(
    ({ code, columns: names, text }) =>
      `<li class="${code}"><span>${names.map((name) => `<code>${escaped(name)}</code>`).join(' ')} ${escaped(text, 400)}</span></li>`,
  );
  const section = (name: string, body: string): string => (body === '' ? '' : `<section><h2>${name}</h2>${body}</section>`);
  const classes = aim && (aim.kind !== 'number' || aim.distinct <= 20) ? barsOf(aim) : '';
  const cards = columns.map((column) => card(column, rows, column === aim)).join('');
  const more = columnsLeftOut > 0 ? `<p>and ${count(columnsLeftOut)} columns more</p>` : '';
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title, 80)}: a profile</title><style>${style}</style></head><body>`,
    `<header><h1>${escaped(title, 80)}</h1></header><main>`,
    `<div class="tiles">${tiles.join('')}</div>`,
    section('Worth a look', list.length > 0 ? `<ul class="hints">${list.join('')}</ul>` : ''),
    section(`Classes of ${escaped(aim?.name ?? '')}`, classes && `<div class="panel">${classes}</div>`),
    section('Columns', `<div class="cards">${cards}</div>${more}`),
    section('Correlation', correlation.names.length > 1 ? `<div class="panel wide">${heatMap(correlation)}</div>` : ''),
    '</main></body></html>\n',
  ].join('\n');
}
