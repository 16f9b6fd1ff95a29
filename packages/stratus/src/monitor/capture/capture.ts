import { dtypes, fail, fromFloat16, type Tensor } from '@stratus/core';
import type { FieldsOf, RequestRecord, ServingObserver } from '../../serve/index.ts';
import { idOf } from '../request-scope.ts';
import type { WatchedModel } from '../watched-model.ts';
import { RotatingFile } from './rotating-file.ts';

/** Options of {@link Capture}. */
export interface CaptureOptions {
  /** Where the files go. */
  readonly folder: string;
  /** What the files are called, without `.jsonl`: 'requests' unless told. Processes that write to one folder need names of their own. */
  readonly name?: string | undefined;
  /** The share of requests that is kept, from 0 to 1; 1 unless told. */
  readonly rate?: number | undefined;
  /** Inputs, outputs and fields of records of these names are not written, nor what the graph is fed of them; only that they were there. */
  readonly redact?: readonly string[] | undefined;
  /** A file of more bytes is closed and a new one begun; 64 MB unless told. */
  readonly maxBytes?: number | undefined;
  /** So many closed files are kept; 4 unless told. */
  readonly keep?: number | undefined;
  /** Is told of files that cannot be written. */
  readonly report?: ((error: unknown) => void) | undefined;
  /** A number from 0 to below 1 for each request; random unless told. */
  readonly random?: (() => number) | undefined;
}

type Tensors = Readonly<Record<string, Tensor>>;

interface Taken {
  readonly record: RequestRecord;
  readonly requestId: string | undefined;
  readonly time: Date;
  readonly feeds: Tensors;
  readonly outputs: Tensors;
  readonly fields: FieldsOf | undefined;
  readonly bytes: number;
}

/** So many requests, and so many bytes of tensors, wait for the disk at most; further ones are counted and left out. */
const [mostWaiting, mostBytes] = [256, 32 * 2 ** 20];
/** Of a larger tensor the shape is written, and no numbers. */
const mostElements = 2 ** 16;
/** Nor a field whose values are longer texts, as images are, or no single values. */
const longestText = 4096;

const bytesOf = (tensors: Tensors): number =>
  Object.values(tensors).reduce(
    (n, { data, dtype }) => n + (dtype === 'string' ? data.length * 32 : (data as Uint8Array).byteLength),
    0,
  );

/** Numbers that JSON has not are texts: NaN is not the same as nothing. */
const element = (x: unknown): unknown => {
  if (typeof x === 'bigint') return Number.isSafeInteger(Number(x)) ? Number(x) : String(x);
  return typeof x === 'number' && !Number.isFinite(x) ? String(x) : x;
};

function written(tensor: Tensor): unknown {
  const { dtype, shape, data } = tensor;
  const head = { dtype, shape };
  if (data.length > mostElements) return { ...head, left: 'too large' };
  if (dtype === 'float16') return { ...head, data: Array.from(data as Uint16Array, (x) => element(fromFloat16(x))) };
  if (dtypes[dtype].kind === 'float') return { ...head, data: Array.from(data as Float64Array, element) };
  return { ...head, data: Array.from(data as ArrayLike<unknown>, element) };
}

/**
 * Keeps what was asked and answered as lines of JSON in files, for a share of the requests: to look into, and to train on later. Nothing waits for it: what the disk does not take in time is
 * counted and left out.
 *
 * Errors: `bad-value` for options that make no sense.
 */
export class Capture implements ServingObserver {
  readonly #about: (model: string, version: string) => WatchedModel | undefined;
  readonly #rate: number;
  readonly #redacted: ReadonlySet<string>;
  readonly #file: RotatingFile;
  readonly #report: (error: unknown) => void;
  readonly #random: () => number;
  #waiting: Taken[] = [];
  #bytes = 0;
  #working: Promise<void> | undefined;
  #hasFailed = false;
  #written = 0;
  #dropped = 0;

  /** `about`: what is known of a model. */
  constructor(options: CaptureOptions, about: (model: string, version: string) => WatchedModel | undefined = () => undefined) {
    this.#about = about;
    const {
      folder,
      name = 'requests',
      rate = 1,
      redact = [],
      maxBytes = 64_000_000,
      keep = 4,
      report = () => {},
      random = Math.random,
    } = options;
    if (!(rate >= 0 && rate <= 1))
      throw fail('bad-value', { what: 'capture', at: 'rate', got: String(rate), want: 'a share from 0 to 1' });
    for (const [at, value] of Object.entries({ maxBytes, keep }))
      if (!Number.isSafeInteger(value) || value < (at === 'keep' ? 0 : 1))
        throw fail('bad-value', { what: 'capture', at, got: String(value), want: 'a whole number' });
    this.#rate = rate;
    this.#redacted = new Set(redact);
    this.#file = new RotatingFile(folder, name, { maxBytes, keep });
    this.#report = report;
    this.#random = random;
  }

  /** How many requests were written, and how many were to be and were not. */
  get counts(): { readonly written: number; readonly dropped: number } {
    return { written: this.#written, dropped: this.#dropped };
  }

  answered(record: RequestRecord, feeds: Tensors, outputs: Tensors, fields?: FieldsOf): void {
    if (this.#rate < 1 && this.#random() >= this.#rate) return;
    const bytes = bytesOf(feeds) + bytesOf(outputs);
    if (this.#waiting.length >= mostWaiting || this.#bytes + bytes > mostBytes) {
      this.#dropped++;
      return;
    }
    this.#bytes += bytes;
    this.#waiting.push({ record, requestId: idOf(record), time: new Date(), feeds, outputs, fields, bytes });
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async #work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // the answer goes out first
    for (let taken = this.#waiting.shift(); taken !== undefined; taken = this.#waiting.shift()) {
      try {
        await this.#file.write(this.#line(taken));
        this.#written++;
        this.#hasFailed = false;
      } catch (e) {
        this.#dropped++;
        await this.#file.close().catch(() => {});
        if (!this.#hasFailed) this.#report(new Error('Requests cannot be captured', { cause: e }));
        this.#hasFailed = true;
      }
      this.#bytes -= taken.bytes;
    }
  }

  #line({ record, requestId, time, feeds, outputs, fields }: Taken): string {
    const { model, version, protocol, rows, totalMs, client } = record;
    const steps = this.#about(model, version)?.preprocessing?.fields ?? [];
    // What the graph is fed of a field that is to be kept secret is kept secret, too, whatever it is called.
    const secret = new Set(steps.filter(({ field }) => this.#redacted.has(field)).map(({ feed }) => feed));
    const shown = (tensors: Tensors): object =>
      Object.fromEntries(
        Object.entries(tensors).map(([name, tensor]) => [
          name,
          this.#redacted.has(name) || secret.has(name)
            ? { dtype: tensor.dtype, shape: tensor.shape, left: 'redacted' }
            : written(tensor),
        ]),
      );
    const about = { time: time.toISOString(), requestId, model, version, protocol, rows, ms: totalMs, client };
    const came =
      fields && steps.length > 0 ? { fields: this.#fields(fields, [...new Set(steps.map(({ field }) => field))]) } : {};
    return `${JSON.stringify({ ...about, ...came, inputs: shown(feeds), outputs: shown(outputs) })}\n`;
  }

  /** The records as they came, by field: what can be trained on. */
  #fields({ rows, value }: FieldsOf, names: readonly string[]): object {
    const all = (name: string): unknown[] => Array.from({ length: rows }, (_, row) => element(value(name, row) ?? null));
    const isLarge = (x: unknown): boolean => (typeof x === 'object' ? x !== null : String(x).length > longestText);
    return Object.fromEntries(
      names.map((name) => {
        if (this.#redacted.has(name)) return [name, { left: 'redacted' }];
        if (rows * names.length > mostElements) return [name, { left: 'too large' }];
        const values = all(name);
        return [name, values.some(isLarge) ? { left: 'too large' } : values];
      }),
    );
  }

  /** Writes what waits and closes the file. */
  async close(): Promise<void> {
    await this.#working;
    await this.#file.close();
  }
}
