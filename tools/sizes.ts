// Lines of files. A median of 60 to 120 is the aim; more than 400 needs a reason at the top of the file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder, report, root, shown } from './project.ts';

/** The longest that a file may be without a reason. */
export const limit = 400;
const reason = 'Over 400 lines because';

/** Lines per file. */
export interface Sizes {
  readonly median: number;
  readonly p90: number;
  /** Longer than the limit, without the reason in the first comment of the file. */
  readonly unexplained: readonly { readonly name: string; readonly lines: number }[];
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

/** The sizes of files, given as name -> text. */
export function sizesOf(files: Readonly<Record<string, string>>): Sizes {
  const counted = Object.entries(files).map(([name, text]) => {
    const lines = text.split('\n');
    const header = lines.slice(0, 30).join('\n');
    return { name, lines: lines.length - (lines.at(-1) === '' ? 1 : 0), explained: header.includes(reason) };
  });
  const sorted = counted.map((f) => f.lines).sort((a, b) => a - b);
  const unexplained = counted.filter((f) => f.lines > limit && !f.explained).map(({ name, lines }) => ({ name, lines }));
  return { median: at(sorted, 0.5), p90: at(sorted, 0.9), unexplained };
}

if (process.argv[1] === import.meta.filename) {
  const paths = filesUnder(join(root, 'packages'), '.ts').filter(
    (path) => shown(path).includes('/src/') && !path.endsWith('.test.ts'),
  );
  const { median, p90, unexplained } = sizesOf(
    Object.fromEntries(paths.map((path) => [shown(path), readFileSync(path, 'utf8')])),
  );
  report(
    unexplained.map(({ name, lines }) => `${name}: ${lines} lines; split it, or begin it with a comment that says '${reason} …'`),
    `${paths.length} files, median ${median}, p90 ${p90} lines`,
  );
}
