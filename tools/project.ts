import { readdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { API, type Project } from 'typescript/unstable/sync';

/** The root of the repository. */
export const root = dirname(import.meta.dirname);

/** The path as it is written in reports: relative to the root, with slashes. */
export const shown = (path: string): string => relative(root, path).split(sep).join('/');

const skipped = new Set([
  'node_modules',
  'dist',
  '.git',
  '.venv',
  '.venv-peers',
  '.venv-servers',
  '.peers',
  'coverage',
  '.stratus',
  'tmp',
]);

/** Files under a folder whose names end so, in alphabetical order; empty when there is no such folder. */
export function filesUnder(folder: string, ending: string): string[] {
  const found: string[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name)) walk(path);
      else if (entry.isFile() && entry.name.endsWith(ending)) found.push(path);
    }
  };
  try {
    walk(folder);
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT') throw e;
  }
  return found.sort();
}

/** Opens TypeScript projects, hands them over, and ends the compiler's process. */
export function withProjects<T>(configs: readonly string[], body: (projects: readonly Project[]) => T): T {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [...configs] });
    return body(
      configs.map((config) => {
        const project = snapshot.getProject(config);
        if (project === undefined) throw new Error(`${config} cannot be opened`);
        return project;
      }),
    );
  } finally {
    api.close();
  }
}

/** Ends a tool: complaints on standard output and exit code 1, or one line that says what was looked at. */
export function report(complaints: readonly string[], fine: string): void {
  if (complaints.length > 0) console.log(complaints.join('\n'));
  else console.log(`note: ${fine}`);
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
