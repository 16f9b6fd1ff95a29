// The examples of docstrings and documents: where they are, and what their comments promise to print.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { Said } from './run-examples.ts';

/** A piece of code that a reader may copy. */
export interface Example {
  /** As it was given: the path of the source or the document. */
  readonly file: string;
  /** Of its first line of code. */
  readonly line: number;
  readonly code: string;
  /** False where it is marked no-run: then it is only type-checked. */
  readonly run: boolean;
}

const fence = /^(\s*)```(?:ts|typescript)\b([^\n]*)\n([\s\S]*?)^\s*```\s*$/gm;
const lineOf = (text: string, index: number): number => text.slice(0, index).split('\n').length;

/** Every block of a Markdown document that is marked as ts. */
export function examplesInMarkdown(file: string, text: string): Example[] {
  return [...text.matchAll(fence)].map((m) => ({
    file,
    line: lineOf(text, m.index) + 1,
    code: m[3]!.replaceAll(new RegExp(`^${m[1]}`, 'gm'), ''),
    run: !/\bno-run\b/.test(m[2]!),
  }));
}

/** Every @example of the docstrings of a source; the code stands bare or in a ts block. */
export function examplesInSource(file: string, text: string): Example[] {
  return [...text.matchAll(/^[ \t]*\/\*\*(?:(?!\*\/)[\s\S])*\*\//gm)].flatMap((comment) => {
    const lines = comment[0]
      .split('\n')
      .map((line) => line.replace(/^[ \t]*(?:\/\*\*|\*(?!\/)) ?/, '').replace(/\s*\*\/\s*$/, ''));
    const first = lineOf(text, comment.index);
    return lines.flatMap((line, start) => {
      const tag = /^@example\b\s*(.*)$/.exec(line);
      if (tag === null) return [];
      const end = lines.findIndex((other, i) => i > start && /^@[a-z]/.test(other));
      const body = lines
        .slice(start + 1, end === -1 ? lines.length : end)
        .join('\n')
        .trimEnd();
      const fenced = examplesInMarkdown(file, `${body}\n`).map((e) => ({ ...e, line: e.line + first + start }));
      if (fenced.length > 0) return fenced;
      const caption = tag[1]!.trim();
      if (body === '') return caption === '' ? [] : [{ file, line: first + start, code: caption, run: true }];
      return [{ file, line: first + start + 1, code: body, run: caption !== 'no-run' }];
    });
  });
}

/**
 * What the comment behind a statement says that the statement prints, when it is values and not prose: one value, or as many words and
 * values as the statement prints.
 */
export function promise(code: string, line: number, count = 1): string | undefined {
  for (const text of code.split('\n').slice(line - 1)) {
    const said = /[;)]\s*\/\/\s*(.+?)\s*$/.exec(text);
    if (said !== null) return (count === 1 && isValue(said[1]!)) || partsOf(said[1]!) === count ? said[1] : undefined;
    if (/;\s*$/.test(text)) return undefined;
  }
  return undefined;
}

const isValue = (text: string): boolean =>
  /^-?(?:\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?n?|NaN|Infinity)$/.test(text) ||
  /^(?:true|false|null|undefined)$/.test(text) ||
  /^(['"`]).*\1$/.test(text) ||
  /^(?:[A-Z]\w*(?:\(\d+\))? )?(?:\[.*\]|\{.*\})$/.test(text);

/** Words and values, told apart by spaces outside brackets and quotes. */
function partsOf(text: string): number {
  const bare = text.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, 'x');
  let depth = 0;
  let flat = '';
  for (const c of bare) {
    if ('[{('.includes(c)) depth++;
    if (')}]'.includes(c)) depth--;
    flat += depth > 0 && c === ' ' ? '_' : c;
  }
  return flat.split(/ +/).length;
}

const tokens = (text: string): string[] =>
  text
    .replaceAll(/['"`]/g, ' ')
    .replaceAll(/,(?=\s*[\]}])/g, '')
    .match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[\p{L}_$][\p{L}\p{N}_$-]*|\.\.\.|…|[^\s]/gu) ?? [];

const near = (wanted: string, got: string): boolean => {
  if (wanted === got) return true;
  const [, decimals = '', exponent = '0'] = /^-?\d+(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(wanted) ?? [];
  const tolerance = 0.5000001 * 10 ** (Number(exponent) - decimals.length);
  return /\d/.test(wanted) && wanted.includes('.') && Math.abs(Number(wanted) - Number(got)) <= tolerance;
};

/** Whether what was printed is what the comment says: quotes and spaces aside, numbers to the decimals that are written, '…' for any rest. */
export function keeps(wanted: string, printed: string): boolean {
  const want = tokens(wanted);
  const got = tokens(printed);
  for (const [i, token] of want.entries()) {
    if (token === '…' || token === '...') return true;
    if (got[i] === undefined || !near(token, got[i])) return false;
  }
  return want.length === got.length;
}

/** Runs files one after another in one process; a process that dies takes only the example with it that was running. */
export async function runAll(paths: readonly string[], env: NodeJS.ProcessEnv): Promise<Map<string, Said>> {
  const loader = new URL('typescript-loader.mjs', import.meta.url).href;
  const ends = new Map<string, Said>();
  for (let left = [...paths]; left.length > 0; left = left.filter((path) => !ends.has(path))) {
    let current = left[0]!;
    let noise = '';
    const child = fork(join(import.meta.dirname, 'run-examples.ts'), left, {
      execArgv: ['--import', loader],
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (text) => (noise += text));
    child.on('message', (message) => {
      const said = message as Said;
      current = said.path;
      if (said.state !== 'started') ends.set(said.path, said);
    });
    const how = await new Promise<string>((resolve) =>
      child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`)),
    );
    if (left.some((path) => !ends.has(path))) {
      if (ends.has(current)) current = left.find((path) => !ends.has(path))!;
      ends.set(current, { path: current, state: 'failed', reason: `the process ended with ${how}\n${noise.slice(-2000)}` });
    }
  }
  return ends;
}
