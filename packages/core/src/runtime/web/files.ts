import { fail } from '../../errors.ts';
import type { Files } from '../files.ts';

const none = (doing: string): Promise<never> => Promise.reject(fail('no-files', { doing }));

/** Browsers have no file system: everything says so. */
export const files: Files = {
  read: (path) => none(`Reading ${path}`),
  readIfThere: (path) => none(`Reading ${path}`),
  write: (path) => none(`Writing ${path}`),
  writeFolder: (dir) => none(`Writing ${dir}`),
  append: (path) => none(`Writing ${path}`),
  list: (dir) => none(`Listing ${dir}`),
  remove: (path) => none(`Removing ${path}`),
  join: (...parts) => parts.filter((part) => part !== '').join('/'),
};
