// Links between documents lead somewhere: the file exists, and so does the heading behind '#'. Nothing on the network is asked.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesUnder, report, root, shown } from './project.ts';

const withoutCode = (text: string): string =>
  text.replace(/^(```|~~~)[\s\S]*?^\1/gm, (block) => block.replace(/[^\n]/g, '')).replace(/`[^`\n]*`/g, '');

/** The anchors of a document, as code hosts make them from headings. */
export function anchorsOf(markdown: string): Set<string> {
  const used = new Map<string, number>();
  const headings = [...markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)];
  return new Set(
    headings.map(([, heading = '']) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
      const slug = plain
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-');
      const before = used.get(slug) ?? 0;
      used.set(slug, before + 1);
      return before === 0 ? slug : `${slug}-${before}`;
    }),
  );
}

/** Links of a document, with the line where each stands; addresses on the network are left out. */
export function linksOf(markdown: string): { readonly line: number; readonly target: string }[] {
  return withoutCode(markdown)
    .split('\n')
    .flatMap((text, i) => {
      const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
      const named = [...text.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/g)];
      return [...inline, ...named].map((m) => ({ line: i + 1, target: m[1]! }));
    })
    .filter(({ target }) => !/^[a-z][a-z+.-]*:|^\/\//i.test(target));
}

/** The links of one file that lead nowhere. */
export function broken(path: string): string[] {
  return linksOf(readFileSync(path, 'utf8')).flatMap(({ line, target }) => {
    const [file = '', anchor] = target.split('#');
    const to = file === '' ? path : join(dirname(path), decodeURIComponent(file));
    const say = (what: string): string[] => [`${shown(path)}:${line}: ${target}: ${what}`];
    if (!existsSync(to)) return say('there is no such file');
    if (anchor === undefined || statSync(to).isDirectory() || !to.endsWith('.md')) return [];
    return anchorsOf(readFileSync(to, 'utf8')).has(anchor) ? [] : say('there is no such heading');
  });
}

if (process.argv[1] === import.meta.filename) {
  const documents = filesUnder(root, '.md');
  report(documents.flatMap(broken), `${documents.length} documents`);
}
