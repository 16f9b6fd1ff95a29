import { fail } from '../errors.ts';
import { crc32c } from './crc32c.ts';

/** Protocol buffers' wire types. */
const wire = { varint: 0, double: 1, bytes: 2, float: 5 } as const;

const key = (field: number, type: keyof typeof wire): readonly number[] => [(field << 3) | wire[type]];

const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  // Division, not shifts: steps go beyond 32 bits.
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return [...bytes, rest];
}

const numberBytes = (width: 4 | 8, value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(width));
  if (width === 8) view.setFloat64(0, value, true);
  else view.setFloat32(0, value, true);
  return new Uint8Array(view.buffer);
};

const block = (field: number, content: Uint8Array): Uint8Array => join(key(field, 'bytes'), varint(content.length), content);
const text = (field: number, content: string): Uint8Array => block(field, new TextEncoder().encode(content));

const uint32 = (value: number): readonly number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
/** A CRC of bytes that hold CRCs is weak, so TFRecord rotates it and adds a constant. */
const masked = (bytes: Uint8Array): readonly number[] => {
  const crc = crc32c(bytes);
  return uint32((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
};

/** TFRecord: length, its CRC, the data, their CRC. */
function record(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = Uint8Array.from([...uint32(data.length), 0, 0, 0, 0]);
  return join(length, masked(length), data, masked(data));
}

/** Event{ wall_time = 1, ... }. */
const event = (now: number, ...fields: readonly Uint8Array[]): Uint8Array<ArrayBuffer> =>
  record(join(key(1, 'double'), numberBytes(8, now / 1000), ...fields));

/**
 * The first bytes of a TensorBoard event file: `Event{ wall_time, file_version: 'brain.Event:2' }` as a TFRecord.
 * `now` is in milliseconds, as `Date.now()` gives it.
 *
 * Shapes: none. Errors: none. Source: tensorboard/compat/proto/event.proto, TFRecord.
 *
 * @example
 * import { eventFileHeader, scalarEvents } from '@stratus/core';
 * const now = Date.now();
 * const file = [eventFileHeader(now), scalarEvents(1, { loss: 0.5 }, now), scalarEvents(2, { loss: 0.4 }, now)];
 * console.log(file[0]?.length); // 40
 */
export const eventFileHeader = (now: number): Uint8Array<ArrayBuffer> => event(now, text(3, 'brain.Event:2'));

/**
 * The bytes that append scalars to a TensorBoard event file: one `Event{ wall_time, step, summary{ value{ tag, simple_value } } }`
 * for all tags. Values become float32; NaN and infinities are kept. `now` is in milliseconds.
 *
 * Shapes: none. Errors: `bad-value` for a step that is no whole number from 0.
 * Source: tensorboard/compat/proto/summary.proto, torch.utils.tensorboard.SummaryWriter.add_scalar.
 *
 * @example
 * import { scalarEvents } from '@stratus/core';
 * console.log(scalarEvents(1, { loss: 0.5, accuracy: 0.9 }, Date.now()).length > 50); // true
 */
export function scalarEvents(step: number, scalars: Readonly<Record<string, number>>, now: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw fail('bad-value', { what: 'scalarEvents', got: `step ${step}`, want: 'a whole number from 0' });
  const values = Object.entries(scalars).map(([tag, value]) =>
    block(1, join(text(1, tag), key(2, 'float'), numberBytes(4, value))),
  );
  // proto3 leaves a zero out.
  const stepField = step === 0 ? new Uint8Array() : join(key(2, 'varint'), varint(step));
  return event(now, stepField, block(5, join(...values)));
}

let filesNamed = 0;

/**
 * A name that TensorBoard finds: `events.out.tfevents.<seconds>.<host>.<process>.<n>`, different at each call. One folder a run.
 *
 * Shapes: none. Errors: none. Source: tensorboard/summary/writer/event_file_writer.py.
 *
 * @example
 * import { eventFileName } from '@stratus/core';
 * console.log(eventFileName(1_700_000_000_000, { host: 'laptop', process: 42 }).startsWith('events.out.tfevents.1700000000.laptop.42.')); // true
 */
export const eventFileName = (
  now: number,
  { host = 'stratus', process = 0 }: { readonly host?: string; readonly process?: number } = {},
): string => `events.out.tfevents.${String(Math.floor(now / 1000)).padStart(10, '0')}.${host}.${process}.${filesNamed++}`;
