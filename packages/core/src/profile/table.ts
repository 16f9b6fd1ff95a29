import type { LayerTime, OpTime } from './groups.ts';
import type { StepProfileJson } from './step-profile.ts';
import { bytesText, callsText, flopsText, milliseconds, percent, phaseTitles, rateText, showLayer } from './words.ts';

/** How a profile is printed. */
export interface TableOptions {
  /** Rows of the tables of layers and ops; 20 unless told. */
  readonly rows?: number;
}

/** Cells under each other; the first column to the left, the others to the right. Rows end without blanks. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const cell = (text: string, i: number): string => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!));
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unseen = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;
/** Names in files may hold anything: none may break a line, or move the cursor. */
const plain = (text: string): string => text.replaceAll(unseen, '·');

/** The end of a list that is longer than what is shown. */
function rest(all: readonly { readonly ms: number; readonly share: number }[], rows: number, columns: number): string[][] {
  const left = all.slice(rows);
  if (left.length === 0) return [];
  const [ms, share] = [left.reduce((sum, x) => sum + x.ms, 0), left.reduce((sum, x) => sum + x.share, 0)];
  return [[`and ${left.length} more`, ...Array<string>(columns).fill(''), milliseconds(ms), percent(share), '']];
}

/** What a profile is about, in sentences: of how many steps, how fast, how much memory. */
export function headlines(profile: StepProfileJson): string[] {
  const { steps, stepMs, plainStepMs, engine, flops, rate, matrixRate, memory } = profile;
  const unwatched = plainStepMs === undefined ? '' : `; ${milliseconds(plainStepMs)} ms while nobody watches`;
  const work =
    flops === undefined || rate === undefined
      ? []
      : [
          `${flopsText(flops)} a step: ${rateText(rate)} GFLOP/s, ${percent(rate / matrixRate)} of the ${rateText(matrixRate)} GFLOP/s of a product of matrices`,
        ];
  const parts = [
    memory.process === undefined ? '' : `${bytesText(memory.process)} at most in the process`,
    memory.engine === undefined ? '' : `${bytesText(memory.engine)} at most within a step`,
    memory.state === 0 ? '' : `${bytesText(memory.state)} of weights and optimizer`,
  ];
  return [
    `${steps} ${steps === 1 ? 'step' : 'steps'} of ${milliseconds(stepMs)} ms${unwatched}. ${engine}`,
    ...work,
    `memory: ${parts.filter((part) => part !== '').join(', ')}`,
  ];
}

/** A profile as text. */
export function tableOf(profile: StepProfileJson, { rows = 20 }: TableOptions): string {
  const { phases, layers, ops } = profile;
  const tail = ({ ms, share, rate }: LayerTime | OpTime): string[] => [milliseconds(ms), percent(share), rateText(rate)];
  const dash = (ms: number): string => (ms === 0 ? '' : milliseconds(ms));
  const tables = [
    [
      ['a step', 'ms', 'share'],
      ...phases.map(({ phase, ms, share }) => [phaseTitles[phase], milliseconds(ms), percent(share)]),
      ['together', milliseconds(profile.stepMs), percent(phases.reduce((sum, { share }) => sum + share, 0))],
    ],
    [
      ['layer', 'forward', 'backward', 'update', 'ms', 'share', 'GFLOP/s'],
      ...layers
        .slice(0, rows)
        .map((x) => [plain(showLayer(x.layer)), dash(x.forward), dash(x.backward), dash(x.update), ...tail(x)]),
      ...rest(layers, rows, 3),
    ],
    [
      ['op', 'calls', 'ms', 'share', 'GFLOP/s'],
      ...ops.slice(0, rows).map((x) => [plain(x.op), callsText(x.calls), ...tail(x)]),
      ...rest(ops, rows, 1),
    ],
  ];
  return [headlines(profile).map(plain).join('\n'), ...tables.map(aligned)].join('\n\n');
}
