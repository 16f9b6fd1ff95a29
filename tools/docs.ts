// Every public export has a docstring; functions and classes have an example, which tools/examples.test.ts runs.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checker, type Project, SignatureKind, type Symbol, SymbolFlags } from 'typescript/unstable/sync';
import { report, root, shown, withProjects } from './project.ts';

/** A public export that is not documented as it should be. */
export interface Gap {
  /** 'path:line', relative to the root. */
  readonly at: string;
  /** As users reach it: 'ops.matMul'. */
  readonly name: string;
  readonly what: string;
}

/** The codes of errors.ts: what a docstring may name behind `Errors:`. */
export const errorCodes = (source: string): Set<string> => {
  const table = /const sentences = \{([\s\S]*?)\n\} as const;/.exec(source)?.[1] ?? '';
  return new Set([...table.matchAll(/^ {2}'?([a-z][a-z-]*)'?[:(]/gm)].map((m) => m[1]!));
};

const unknownCodes = (text: string, codes: ReadonlySet<string>): string[] => {
  const named = [...text.matchAll(/\bErrors\b[^:]*:(.*(?:\n.+)*?)(?=\bSource:|\bShapes:|\n\n|$)/g)].map((m) => m[1]!);
  return named
    .flatMap((part) => [...part.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map((m) => m[1]!))
    .filter((code) => !codes.has(code));
};

const isCallable = (checker: Checker, symbol: Symbol): boolean => {
  if ((symbol.flags & (SymbolFlags.Function | SymbolFlags.Class)) !== 0) return true;
  if ((symbol.flags & SymbolFlags.Variable) === 0) return false;
  const type = checker.getTypeOfSymbol(symbol);
  return type !== undefined && checker.getSignaturesOfType(type, SignatureKind.Call).length > 0;
};

/** The gaps among all that `entry` exports, also through namespaces, and declares in a file that `wanted` accepts. */
export function gaps(project: Project, entry: string, wanted: (path: string) => boolean, codes: ReadonlySet<string>): Gap[] {
  const { checker, program } = project;
  const file = program.getSourceFile(entry);
  const module = file && checker.getSymbolAtLocation(file);
  if (module === undefined) return [{ at: `${shown(entry)}:1`, name: shown(entry), what: 'is not a module with exports' }];
  const found: Gap[] = [];
  const seen = new Set<number>();
  const visit = (exported: Symbol, prefix: string): void => {
    const isAlias = (exported.flags & SymbolFlags.Alias) !== 0;
    const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported;
    if (seen.has(symbol.id)) return;
    seen.add(symbol.id);
    const name = prefix + exported.name;
    if ((symbol.flags & SymbolFlags.ValueModule) !== 0) {
      for (const inner of checker.getExportsOfModule(symbol)) visit(inner, `${name}.`);
      return;
    }
    const node = symbol.declarations[0]?.resolve();
    const source = node?.getSourceFile();
    if (node === undefined || source === undefined || !wanted(source.fileName)) return;
    const tags = checker.getJsDocTagsOfSymbol(symbol);
    if (tags.some((tag) => tag.name === 'internal')) return;
    const at = `${shown(source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    const text = checker.getDocumentationCommentOfSymbol(symbol).trim();
    if (text === '') found.push({ at, name, what: 'has no docstring' });
    else if (isCallable(checker, symbol) && !tags.some((tag) => tag.name === 'example' && tag.text?.trim())) {
      found.push({ at, name, what: 'has no @example' });
    }
    for (const code of unknownCodes(text, codes))
      found.push({ at, name, what: `names the error '${code}', which errors.ts does not have` });
  };
  for (const exported of checker.getExportsOfModule(module)) visit(exported, '');
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const codes = errorCodes(readFileSync(join(root, 'packages/core/src/errors.ts'), 'utf8'));
  const doors = { core: ['index.ts'], stratus: ['index.ts', 'client/index.ts'] };
  const packages = Object.keys(doors).map((name) => join(root, 'packages', name));
  const found = withProjects(
    packages.map((p) => join(p, 'tsconfig.json')),
    (projects) =>
      projects.flatMap((project, i) =>
        Object.values(doors)[i]!.flatMap((door) =>
          gaps(project, join(packages[i]!, 'src', door), (path) => path.startsWith(join(packages[i]!, 'src')), codes),
        ),
      ),
  );
  report(
    found.map(({ at, name, what }) => `${at}: ${name} ${what}`),
    'every export is documented',
  );
}
