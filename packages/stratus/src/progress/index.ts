export { downloadBar } from './download-bar.ts';
export { byteCount, clock, count, duration, figure, jsonText, scalars } from './format.ts';
export { jsonProgress } from './json-progress.ts';
export { type LiveLine, liveLine } from './live-line.ts';
export { type Colors, colorsFor, isTerminal, type OutputStream } from './output-stream.ts';
export { type ProgressOptions, terminalProgress } from './terminal-progress.ts';
