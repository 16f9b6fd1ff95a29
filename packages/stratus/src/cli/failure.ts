import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StratusError } from '@stratus/core';
import { colorsFor } from '../progress/index.ts';
import { erasable } from './typescript.ts';

const marker = Symbol.for('stratus.error');

/** As StratusError.is, without waiting for the whole library: the most frequent error is a slip in a command. */
const isStratusError = (e: unknown): e is StratusError => typeof e === 'object' && e !== null && marker in e;

/** Where the code of this package and its dependencies lies, as stack frames have it. */
const ours = new URL('../..', import.meta.url).href;

interface Frame {
  readonly place: string;
  readonly name: string;
}

/** The lines of a stack that are in the user's own files. */
function userFrames(stack: string): Frame[] {
  return [...stack.matchAll(/^ {4}at (?:async )?(?:(.*) \()?(?:file:\/\/)?([^()\n]*?):(\d+):(\d+)\)?$/gm)].flatMap((m) => {
    const [, name = '', file = '', line, column] = m;
    if (/^(node:|native|<anonymous>|eval)|[\\/]node_modules[\\/]/.test(file)) return [];
    if (file.startsWith(fileURLToPath(ours)) || /[\\/]packages[\\/]core[\\/](dist|src)[\\/]/.test(file)) return [];
    return [{ place: `${relative('', decodeURI(file))}:${line}:${column}`, name }];
  });
}

/** What went wrong, for the reader: Stratus' own errors are sentences, others come with the lines of the user's files. */
export function explain(e: unknown): { readonly code: string; readonly message: string; readonly at: readonly string[] } {
  if (!(e instanceof Error) && !isStratusError(e)) return { code: 'thrown', message: `The script threw ${String(e)}`, at: [] };
  const frames = userFrames(e.stack ?? '');
  if (isStratusError(e)) return { code: e.code, message: e.message, at: frames.slice(0, 1).map(({ place }) => place) };
  const code = String((e as NodeJS.ErrnoException).code ?? e.name);
  if (code === 'ERR_MODULE_NOT_FOUND') return { code, message: moduleMessage(e), at: [] };
  if (e.name === 'SyntaxError' && frames.length === 0) return { code, message: syntaxMessage(e, code), at: [] };
  const at = frames.map(({ place, name }) => (name ? `${place} (${name})` : place));
  const message = e.name === 'Error' ? e.message : `${e.name}: ${e.message}`;
  if (at.length > 0) return { code, message, at };
  // Nothing of the user's is involved: whoever looks into it needs everything.
  const [, ...lines] = (e.stack ?? '').slice((e.stack ?? '').indexOf(e.message) + e.message.length).split('\n');
  return { code, message, at: lines.map((line) => line.trim().replace(/^at /, '')) };
}

/** Paths as the reader knows them, and what to do about a package that is missing. */
function moduleMessage({ message }: Error): string {
  const shown = message.replaceAll(/(?<=')\/[^']+|(?<= from )\/\S+/g, (path) => relative('', path));
  const name = /Cannot find package '((?:@[^/']+\/)?[^/']+)/.exec(message)?.[1];
  return name === undefined ? `${shown}.` : `${shown}. Is it installed? npm install ${name}`;
}

/** V8 and Node put the place in front of the stack: `file:///train.ts:3`, the line, a caret. */
function syntaxMessage(e: Error, code: string): string {
  const advice = code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ? `. ${erasable}` : '';
  const [place, ...rest] = (e.stack ?? '').split('\n');
  if (!place || !/:\d+$/.test(place)) return e.message + advice;
  const file = place.replace(/:\d+$/, '');
  const path = relative('', file.startsWith('file:') ? fileURLToPath(file) : file);
  const snippet = rest.slice(
    0,
    rest.findIndex((line) => line.trim() === '' || line.startsWith('SyntaxError')),
  );
  return `${path}:${place.slice(file.length + 1)}: ${e.message}${advice}\n${snippet.map((line) => `  ${line}`).join('\n')}`.trimEnd();
}

/** Reports an error on standard error, and with --json on standard output. Returns the exit code: 2 for wrong use, else 1. */
export function report(e: unknown, { json }: { readonly json: boolean }): number {
  const { code, message, at } = explain(e);
  const { red, bold, dim } = colorsFor(process.stderr);
  if (json) process.stdout.write(`${JSON.stringify({ type: 'error', code, message, at })}\n`);
  else process.stderr.write(`${bold(red('error:'))} ${message}\n${at.map((place) => `${dim(`  at ${place}`)}\n`).join('')}`);
  return code === 'usage' ? 2 : 1;
}
