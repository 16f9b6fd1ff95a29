export { barsText, sparkline } from './bars-text.ts';
export { at } from './coordinate.ts';
export type { Curve, Plot } from './curve.ts';
export { escaped, plain } from './escape.ts';
export { plotPng } from './png.ts';
export { short } from './short.ts';
export { plotSvg, type SvgOptions } from './svg.ts';
export { plotText, type TerminalOptions } from './terminal.ts';
