import { drawingOf } from './axes.ts';
import { at } from './coordinate.ts';
import type { Plot } from './curve.ts';
import { escaped } from './escape.ts';

/** How a plot is drawn as a picture. */
export interface SvgOptions {
  /** 'both': as the reader's browser has it. */
  readonly background?: 'light' | 'dark' | 'both';
  readonly width?: number;
  readonly height?: number;
}

/** Eight colours that people who see few colours can tell apart (Okabe and Ito 2008), with other tones on a dark page; and lines that do without colour. */
const light = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#8f6400', '#56b4e9', '#a8a200', '#333333'];
const dark = ['#5ab4f0', '#ff9a5c', '#3ccfa4', '#eaa0c8', '#e69f00', '#9ad4f5', '#f0e442', '#d0d7de'];
const dashes = ['', '8 4', '2 4', '12 4 2 4', '5 3', '1 3', '16 5', '9 3 3 3'];

/** A colour that comes again has other dashes. */
const dashOf = (i: number): string => dashes[(i + Math.floor(i / light.length)) % dashes.length]!;

const plainLooks = {
  light: { page: '#ffffff', text: '#1f2328', soft: '#59636e', grid: '#e4e8ec', edge: '#8c959f', lines: light },
  dark: { page: '#0d1117', text: '#f0f6fc', soft: '#9198a1', grid: '#22282f', edge: '#5b6571', lines: dark },
} as const;

const sheet = ({ page, text, soft, grid, edge, lines }: (typeof plainLooks)['light' | 'dark']): string =>
  [
    `.page{fill:${page}}text{fill:${text}}.soft{fill:${soft}}.grid{stroke:${grid}}.edge{stroke:${edge}}`,
    ...lines.map((color, i) => `.l${i}{stroke:${color}}.p${i}{fill:${color}}`),
  ].join('');

function looks(background: NonNullable<SvgOptions['background']>): string {
  const common =
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}.title{font-size:16px;font-weight:600}.soft{font-size:12px}.curve{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.grid{stroke-width:1}.edge{stroke-width:1;fill:none}";
  if (background !== 'both') return common + sheet(plainLooks[background]);
  return `${common}${sheet(plainLooks.light)}@media(prefers-color-scheme:dark){${sheet(plainLooks.dark)}}`;
}

const row = 20;
const widthOf = (text: string): number => 34 + [...text].length * 7.6;

/** Where each name of the legend goes. */
function legendOf(names: readonly string[], room: number): { readonly x: number; readonly y: number }[] {
  let [x, y] = [0, 0];
  return names.map((name) => {
    if (x > 0 && x + widthOf(name) > room) [x, y] = [0, y + row];
    const place = { x, y };
    x += widthOf(name) + 14;
    return place;
  });
}

/** A plot as a picture that browsers and sharp can draw. */
export function plotSvg(plot: Plot, { background = 'both', width = 800, height = 420 }: SvgOptions = {}): string {
  const drawing = drawingOf(plot, { columns: Math.max(3, Math.floor(width / 110)), rows: Math.max(3, Math.floor(height / 60)) });
  const { x, y } = drawing;
  const names = drawing.curves.map(({ name }) => escaped(name, 48));
  const shownNames = drawing.curves.map(({ name }) => [...name].slice(0, 48).join(''));
  const left = 24 + Math.max(...y.ticks.map(({ text }) => text.length)) * 7.6;
  const right = width - 28;
  const legend = legendOf(shownNames, right - left);
  const top = names.length > 1 ? 62 + (legend.at(-1)?.y ?? 0) + row / 2 : 52;
  const bottom = height - 46;
  const px = (step: number): number => left + x.place(step) * (right - left);
  const py = (value: number): number => bottom - y.place(value) * (bottom - top);

  const grid = y.ticks.map(
    ({ value, text }) =>
      `<path class="grid" d="M${at(left)} ${at(py(value))}H${at(right)}"/><text class="soft" x="${at(left - 9)}" y="${at(py(value) + 4)}" text-anchor="end">${text}</text>`,
  );
  const below = x.ticks.map(
    ({ value, text }) =>
      `<path class="edge" d="M${at(px(value))} ${at(bottom)}v5"/><text class="soft" x="${at(px(value))}" y="${at(bottom + 20)}" text-anchor="middle">${text}</text>`,
  );
  const lines = drawing.curves.map(({ parts }, i) => {
    const [style, dash] = [`l${i % light.length}`, dashOf(i)];
    return parts
      .map((part) => {
        if (part.length === 1)
          return `<circle class="p${i % light.length}" cx="${at(px(part[0]!.step))}" cy="${at(py(part[0]!.value))}" r="3.5"/>`;
        const path = part.map(({ step, value }) => `${at(px(step))} ${at(py(value))}`).join('L');
        return `<path class="curve ${style}"${dash && ` stroke-dasharray="${dash}"`} d="M${path}"/>`;
      })
      .join('');
  });
  const marks =
    names.length > 1
      ? names.map((name, i) => {
          const [fromX, middle] = [left + legend[i]!.x, 50 + legend[i]!.y];
          const dash = dashOf(i);
          return `<path class="curve l${i % light.length}"${dash && ` stroke-dasharray="${dash}"`} d="M${at(fromX)} ${at(middle)}h26"/><text x="${at(fromX + 34)}" y="${at(middle + 4.5)}">${name}</text>`;
        })
      : [];
  const nothing = drawing.isEmpty
    ? [
        `<text class="soft" x="${at((left + right) / 2)}" y="${at((top + bottom) / 2)}" text-anchor="middle">nothing that can be drawn</text>`,
      ]
    : [];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(plot.title, 200)}">
<style>${looks(background)}</style>
<rect class="page" width="${width}" height="${height}"/>
<text class="title" x="${at(left)}" y="28">${escaped(plot.title, 80)}</text>
${[...marks, ...grid, ...below].join('\n')}
<path class="edge" d="M${at(left)} ${at(top)}V${at(bottom)}H${at(right)}"/>
<text class="soft" x="${at(right)}" y="${at(bottom + 38)}" text-anchor="end">${escaped(plot.xName ?? 'step')}</text>
${[...lines, ...nothing].join('\n')}
</svg>
`;
}
