export { type CsvCell, csvLine } from './csv.ts';
export { jsonLine } from './jsonl.ts';
export { eventFileHeader, eventFileName, scalarEvents } from './tensorboard.ts';
