// Nothing that was written is forgotten: every op, loss, metric and optimizer is in its room's index, every op in a case.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { filesUnder, report, root } from './project.ts';

/** File name -> text, of one room. */
export type Room = Readonly<Record<string, string>>;

const imported = (text: string): Set<string> => new Set([...text.matchAll(/from '\.\/([\w.-]+\.ts)'/g)].map((m) => m[1]!));

/** Names of exported values, told apart from those that no case can build: internal ones, and questions about a graph. */
const exported = (text: string): { name: string; internal: boolean }[] =>
  [...text.matchAll(/(@internal(?:(?!\*\/)[\s\S])*\*\/\n)?^export (?:async )?(?:const|function\*?|class) (\w+)([^\n]*)/gm)].map(
    (m) => ({
      name: m[2]!,
      internal: m[1] !== undefined || /\| undefined (?:=>|\{)/.test(m[3]!),
    }),
  );

/** Files that neither the index nor another file of the room mentions. */
export function forgotten(room: Room): string[] {
  const things = Object.keys(room).filter((name) => name !== 'index.ts' && !name.endsWith('.test.ts'));
  if (things.length === 0) return [];
  const index = room['index.ts'];
  if (index === undefined) return ['index.ts is missing'];
  const mentioned = new Set(
    Object.entries(room).flatMap(([name, text]) => [...imported(text)].filter((other) => other !== name)),
  );
  const found = things.filter((name) => !mentioned.has(name)).map((name) => `${name} is not exported by index.ts`);
  const promised = [...imported(index)].filter((name) => room[name] === undefined);
  return [...found, ...promised.map((name) => `index.ts names ${name}, which does not exist`)];
}

/** What is missing in a room of ops: an op that the index lacks, a function of an op's file that no case builds. */
export function untested(room: Room): string[] {
  const inIndex = imported(room['index.ts'] ?? '');
  return Object.entries(room).flatMap(([file, text]) => {
    const values = exported(text);
    if (!values.some(({ name }) => name.endsWith('Op')) || file === 'define.ts') return [];
    const complaints = inIndex.has(file) ? [] : [`${file} holds an op that index.ts does not export`];
    const [, cases] = /^export const \w+Cases\b[^=]*=([\s\S]*)/m.exec(text) ?? [];
    if (cases === undefined || /^\s*\[\s*\]/.test(cases)) return [...complaints, `${file} has no cases`];
    const missing = values.filter(({ name, internal }) => !internal && !new RegExp(`\\b${name}\\b`).test(cases));
    return [...complaints, ...missing.map(({ name }) => `${file}: no case builds ${name}`)];
  });
}

if (process.argv[1] === import.meta.filename) {
  let things = 0;
  const complaints = ['ops', 'losses', 'metrics', 'optim'].flatMap((name) => {
    const folder = join(root, 'packages/core/src', name);
    const paths = filesUnder(folder, '.ts').filter((path) => join(folder, basename(path)) === path);
    const room = Object.fromEntries(paths.map((path) => [basename(path), readFileSync(path, 'utf8')]));
    things += paths.length;
    return [...forgotten(room), ...(name === 'ops' ? untested(room) : [])].map((c) => `packages/core/src/${name}/${c}`);
  });
  report(complaints, `${things} files`);
}
