export { type ColumnKind, ColumnSummary, type ColumnSummaryOptions, columnSummary, type TopValue } from './column-summary.ts';
export type { ColumnSummaryJson } from './json.ts';
