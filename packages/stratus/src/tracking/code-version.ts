import { execFile } from 'node:child_process';
import { dirname, relative } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Which code it was. */
export interface CodeVersion {
  readonly commit: string;
  /** Undefined where no branch is checked out. */
  readonly branch: string | undefined;
  /** What differs from the commit, as git applies it; '' where nothing does. Files that git does not know are not in it. */
  readonly changes: string;
  /** Too long to be kept. */
  readonly isCut: boolean;
  /** The script within the repository. */
  readonly script: string | undefined;
}

const mostBytes = 20_000_000;

/** The version of the code in the folder of a script; undefined where there is no git, no repository, or no commit. Nothing of the repository is changed. */
export async function codeVersion(script: string | undefined): Promise<CodeVersion | undefined> {
  const cwd = script === undefined ? process.cwd() : dirname(script);
  // Looking must not take the lock that somebody who works in the folder needs.
  const env = { ...process.env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0' };
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('git', args, { cwd, env, timeout: 20_000, maxBuffer: mostBytes });
    return stdout;
  };
  try {
    const [commit = '', root = ''] = (await git('rev-parse', 'HEAD', '--show-toplevel')).trim().split('\n');
    const branch = (await git('branch', '--show-current')).trim();
    const changes = await git('diff', '--no-ext-diff', '--no-color', '--binary', 'HEAD').catch(() => undefined);
    return {
      commit,
      branch: branch === '' ? undefined : branch,
      changes: changes ?? '',
      isCut: changes === undefined,
      script: script === undefined ? undefined : relative(root, script),
    };
  } catch {
    return undefined; // not known is an answer, too
  }
}
