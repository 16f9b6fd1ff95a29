import * as ort from 'onnxruntime-web/wasm';
import { fail } from '../../errors.ts';
import { smallestModel } from '../smallest-model.ts';

/** What the engine was loaded with. */
export interface Loaded {
  readonly threads: number;
}

/** How the engine is to be loaded. */
export interface Wishes {
  readonly threads?: number | undefined;
  readonly wasmPaths?: string | undefined;
}

const file = 'ort-wasm-simd-threaded';
let loaded: Promise<Loaded> | undefined;

/** Loads ONNX Runtime's WebAssembly build. It is loaded once, as the first call says. Errors: `bad-value`, `engine`. */
export async function loadEngine({ threads, wasmPaths }: Wishes): Promise<Loaded> {
  if (threads !== undefined) checkThreads(threads, wasmPaths);
  loaded ??= start(threads ?? defaultThreads(wasmPaths), wasmPaths);
  return loaded;
}

async function start(threads: number, wasmPaths: string | undefined): Promise<Loaded> {
  const { wasm } = ort.env;
  ort.env.logLevel = 'fatal';
  wasm.numThreads = threads;
  // ONNX Runtime's own worker is of no use in a bundle: it runs the whole script of the page again, without a page.
  wasm.proxy = false;
  const at = wasmPaths === undefined ? undefined : placeOf(wasmPaths);
  // Its threads, too, are scripts: told where the .mjs lies, they run that instead of the page's.
  if (at) wasm.wasmPaths = { wasm: `${at}${file}.wasm`, ...(threads > 1 && { mjs: `${at}${file}.mjs` }) };
  try {
    const session = await ort.InferenceSession.create(smallestModel(), { executionProviders: ['wasm'], logSeverityLevel: 4 });
    await session.release();
  } catch (e) {
    const fix =
      `Serve ${file}.wasm of the package onnxruntime-web ${at ? `at ${at}${file}.wasm` : 'beside the script'}, ` +
      `or say where it is: executor({ wasmPaths: '/assets/' }). Then reload the page.`;
    throw fail('engine', { doing: 'loading its WebAssembly build', reason: `${reasonOf(e)}. ${fix}` }, e);
  }
  return { threads };
}

function checkThreads(threads: number, wasmPaths: string | undefined): void {
  const what = 'createExecutor({ threads })';
  if (!Number.isInteger(threads) || threads < 1)
    throw fail('bad-value', { what, got: String(threads), want: 'a whole number from 1' });
  if (threads === 1) return;
  if (globalThis.crossOriginIsolated === false)
    throw fail('bad-value', {
      what,
      got: String(threads),
      want: '1, because this page is not cross-origin isolated',
      fix: 'Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
    });
  if (wasmPaths === undefined)
    throw fail('bad-value', {
      what,
      got: `${threads} without wasmPaths`,
      want: 'wasmPaths besides',
      fix: `Threads load ${file}.mjs by themselves: serve it beside ${file}.wasm, and say where with wasmPaths.`,
    });
}

const defaultThreads = (wasmPaths: string | undefined): number =>
  globalThis.crossOriginIsolated && wasmPaths !== undefined
    ? Math.max(1, Math.min(16, Math.floor(navigator.hardwareConcurrency / 2)))
    : 1;

/** A folder as an absolute address that ends in a slash. */
export function placeOf(wasmPaths: string): string {
  const folder = wasmPaths.endsWith('/') ? wasmPaths : `${wasmPaths}/`;
  const page = globalThis as { readonly document?: { readonly baseURI: string }; readonly location?: { readonly href: string } };
  return new URL(folder, page.document?.baseURI ?? page.location?.href).href;
}

/** What went wrong, without the names of the ways that ONNX Runtime tried. */
const reasonOf = (e: unknown): string =>
  (e instanceof Error ? e.message : String(e))
    .replace(/^no available backend found\. ERR: \[\w+\] /, '')
    .replace(/^(?:Error|RuntimeError): Aborted\((.*)\)\. Build with -sASSERTIONS for more info\.$/s, '$1');
