import type { LayerTime, OpTime } from './groups.ts';
import { script } from './html-script.ts';
import { style } from './html-style.ts';
import type { StepProfileJson } from './step-profile.ts';
import { headlines } from './table.ts';
import { flameOf } from './tree.ts';
import { bytesText, callsText, milliseconds, percent, phaseTitles, rateText, showLayer } from './words.ts';

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (c) => entities[c]!);
/** JSON within a script element: nothing in it may end the element. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

const row = (cells: readonly string[], tag = 'td'): string =>
  `<tr>${cells.map((cell, i) => (i === 0 ? `<th scope="${tag === 'th' ? 'col' : 'row'}">${escaped(cell)}</th>` : `<${tag}>${escaped(cell)}</${tag}>`)).join('')}</tr>`;
const table = (title: string, head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<section><h2>${title}</h2><div class="panel"><table><thead>${row(head, 'th')}</thead><tbody>${rows.map((cells) => row(cells)).join('')}</tbody></table></div></section>`;

/** A profile as one page, which loads nothing. */
export function htmlOf(profile: StepProfileJson, title: string): string {
  const { stepMs, plainStepMs, phases, layers, ops, kernels, rate, matrixRate, memory } = profile;
  const tile = (value: string, name: string): string =>
    `<div class="tile"><b>${escaped(value)}</b><span>${escaped(name)}</span></div>`;
  const inKernels = kernels.reduce((sum, { share }) => sum + share, 0);
  const tiles = [
    tile(
      `${milliseconds(plainStepMs ?? stepMs)} ms`,
      plainStepMs === undefined ? 'a step, watched' : `a step; ${milliseconds(stepMs)} ms while it is watched`,
    ),
    tile(percent(inKernels), 'of the watched step is in kernels'),
    ...(rate === undefined
      ? []
      : [
          tile(
            `${rateText(rate)} GFLOP/s`,
            `${percent(rate / matrixRate)} of a product of matrices here (${rateText(matrixRate)})`,
          ),
        ]),
    tile(
      bytesText(memory.process ?? memory.engine ?? memory.state),
      memory.process === undefined
        ? 'within a step, at most'
        : `of memory at most${memory.state === 0 ? '' : `; ${bytesText(memory.state)} are weights and optimizer`}`,
    ),
  ];
  const tail = ({ ms, share, rate: own }: LayerTime | OpTime): string[] => [milliseconds(ms), percent(share), rateText(own)];
  const part = (ms: number): string => (ms === 0 ? '' : milliseconds(ms));
  const data = { flame: flameOf(stepMs, phases, kernels), stepMs, matrixRate };
  const legend = phases.filter(({ ms }) => ms > 0).map(({ phase }) => `<li class="${phase}">${phaseTitles[phase]}</li>`);
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">`,
    `<title>${escaped(title)}: where the time goes</title><style>${style}</style></head><body>`,
    `<header><h1>${escaped(title)}</h1>${headlines(profile)
      .map((line) => `<p>${escaped(line)}</p>`)
      .join('')}</header><main>`,
    `<div class="tiles">${tiles.join('')}</div>`,
    '<section><h2>A step</h2><div class="panel">',
    `<ul class="legend">${legend.join('')}</ul>`,
    '<div id="flame" role="tree" aria-label="Flame chart of a step"></div><p id="told" aria-live="polite"></p>',
    '<p class="hint">Click a block, or press Enter, to look into it; Escape goes back. Arrow keys move.</p>',
    '<noscript><p>The chart needs scripts; the tables below say the same.</p></noscript></div></section>',
    table(
      'Parts',
      ['part', 'ms', 'share'],
      phases.map(({ phase, ms, share }) => [phaseTitles[phase], milliseconds(ms), percent(share)]),
    ),
    table(
      'Layers',
      ['layer', 'forward', 'backward', 'update', 'ms', 'share', 'GFLOP/s'],
      layers.map((x) => [showLayer(x.layer), part(x.forward), part(x.backward), part(x.update), ...tail(x)]),
    ),
    table(
      'Ops',
      ['op', 'calls', 'ms', 'share', 'GFLOP/s'],
      ops.map((x) => [x.op, callsText(x.calls), ...tail(x)]),
    ),
    `</main><script type="application/json" id="data">${embedded(data)}</script><script>${script}</script></body></html>\n`,
  ].join('\n');
}
