export type { ColumnProfile, Histogram, Outliers } from './column-profile.ts';
export type { Hint } from './hints.ts';
export { Profile, type ProfileJson, type ProfileOptions, profile } from './profile.ts';
export type { TextOptions } from './text.ts';
