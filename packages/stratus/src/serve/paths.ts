import type { Route } from './route.ts';
import { didYouMean } from './wording.ts';

/** A part of a path that stands for something, and the word behind it: `{model}:predict`. */
const named = /^\{(\w+)\}(:\w+)?$/;

/** A path as the router has it: `/v1/models/{model}:predict` is `/v1/models/:model{[^/]+:predict}`. */
export const routerPath = (path: string): string =>
  path
    .split('/')
    .map((part) => part.replace(named, (_, name: string, end?: string) => `:${name}${end === undefined ? '' : `{[^/]+${end}}`}`))
    .join('/');

/** The word that ends a part, by the part's name: it is no part of the name that was asked for. */
export const endings = (path: string): Readonly<Record<string, number>> =>
  Object.fromEntries(
    path.split('/').flatMap((part) => {
      const [, name, end] = named.exec(part) ?? [];
      return name !== undefined && end !== undefined ? [[name, end.length]] : [];
    }),
  );

/** A part that is a name and nothing else does not take a word behind it: that would be another path. */
const isName = (part: string): boolean => /^\{\w+\}$/.test(part);
const verbAtEnd = /:\w+$/;

/** True where a path, as it came, is one of a route. */
function fits(pattern: readonly string[], parts: readonly string[]): boolean {
  return (
    pattern.length === parts.length &&
    pattern.every((part, i) => {
      const [, name, end = ''] = named.exec(part) ?? [];
      if (name === undefined) return part === parts[i];
      return end === '' ? !verbAtEnd.test(parts[i]!) : parts[i]!.endsWith(end) && parts[i]!.length > end.length;
    })
  );
}

/** The methods of a path; none where there is nothing. */
export function methodsOf(routes: readonly Route[], path: string): string[] {
  const parts = path.replace(/(?<=.)\/$/, '').split('/');
  const own = routes.filter((route) => fits(route.path.split('/'), parts)).map(({ method }) => method);
  return [...new Set(own)].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
}

/** `/v2/model/x/infer` -> ` Did you mean '/v2/models/x/infer'?` */
export function similarPath(routes: readonly Route[], path: string): string {
  const parts = path.split('/');
  const known = routes
    .map((route) => route.path.split('/'))
    .filter((pattern) => pattern.length === parts.length && !pattern.some((part, i) => isName(part) && verbAtEnd.test(parts[i]!)))
    .map((pattern) =>
      pattern.map((part, i) => part.replace(named, (_, __, end = '') => withEnd(parts[i]!, end as string))).join('/'),
    );
  return didYouMean(
    path,
    [...new Set(known)].filter((own) => own !== path),
  );
}

/** What stands in a path for a name, with the right word behind it. */
const withEnd = (part: string, end: string): string => (end === '' ? part : `${part.replace(/:[^:]*$/, '')}${end}`);
