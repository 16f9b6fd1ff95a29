import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { type CacheStore, fail, isTensor, StratusError, Tensor } from '@stratus/core';

interface Description {
  readonly format: number;
  readonly records: number;
  readonly bytes: number;
}
const format = 1;

/** The name under which a copy keeps a tensor, which is no plain data. */
const tensorKey = 'stratus:tensor';
const isPlain = (value: unknown): value is Record<string, unknown> => {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return prototype === Object.prototype || prototype === null;
};
const mapped = (value: unknown, change: (value: unknown) => unknown): unknown => {
  if (Array.isArray(value)) return value.map(change);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, change(field)])) : value;
};
/** As it can be copied: lists and records are looked through for tensors, and anything else is left to the copy. */
const plain = (value: unknown): unknown =>
  isTensor(value) ? { [tensorKey]: [value.dtype, value.shape, value.data] } : mapped(value, plain);
const revived = (value: unknown): unknown =>
  isPlain(value) && Array.isArray(value[tensorKey])
    ? new Tensor(...(value[tensorKey] as ConstructorParameters<typeof Tensor>))
    : mapped(value, revived);

/**
 * A place on disk for `Dataset.cache`: the first whole pass fills it, and later passes, also of later programs, read it. It does not notice that the data or what is done
 * with it has changed: use another folder, or delete it.
 *
 * The folder appears when it is whole; a pass that is stopped, fails or finds the disk full leaves nothing behind. Errors, when it is read: `file-failed`, `corrupt`.
 *
 * @example no-run
 * import { diskCache, imageFolder } from 'stratus';
 * const { data } = await imageFolder('pets', { size: [160, 160] });
 * const decoded = data.cache(diskCache('.cache/pets-160'));
 * for await (const { image } of decoded.take(1)) console.log(image.shape); // [160, 160, 3]
 */
export function diskCache(folder: string): CacheStore {
  const [records, about] = [join(folder, 'records.bin'), join(folder, 'about.json')];
  const wrapped = (doing: string, e: unknown): StratusError =>
    StratusError.is(e) ? e : fail('file-failed', { file: folder, doing, reason: (e as Error).message }, e);
  const damaged = (reason: string, cause?: unknown): StratusError =>
    fail('corrupt', { file: folder, reason, fix: 'Delete the folder: it is then made anew.' }, cause);

  async function description(): Promise<Description | undefined> {
    let text: string;
    try {
      text = await readFile(about, 'utf8');
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw wrapped('Reading', e);
    }
    try {
      const found = JSON.parse(text) as Description;
      if (found.format === format && Number.isSafeInteger(found.records)) return found;
    } catch (e) {
      throw damaged('what it says about itself is no JSON', e);
    }
    throw damaged('it was made by another version');
  }

  return {
    length: async () => (await description())?.records,
    async *read() {
      const known = await description();
      const { size } = await stat(records).catch((e: unknown) => {
        throw wrapped('Reading', e);
      });
      if (!known || size !== known.bytes) throw damaged(`it has ${size} bytes, and was made with ${known?.bytes ?? 0}`);
      const handle = await open(records);
      try {
        const head = Buffer.alloc(4);
        for (let at = 0; at < size; ) {
          await handle.read(head, 0, 4, at);
          const bytes = Buffer.alloc(head.readUInt32LE());
          await handle.read(bytes, 0, bytes.length, at + 4);
          at += 4 + bytes.length;
          yield revived(deserialize(bytes)) as readonly unknown[];
        }
      } catch (e) {
        throw StratusError.is(e) ? e : damaged('a part of it cannot be read', e);
      } finally {
        await handle.close();
      }
    },
    async write() {
      // Better now than when all is done
      const there = await readdir(folder).catch((e: NodeJS.ErrnoException) => (e.code === 'ENOENT' ? [] : [`(${e.message})`]));
      if (there.length > 0)
        throw fail('bad-value', {
          what: 'diskCache',
          got: `${folder}, which holds ${there[0]}`,
          want: 'a folder of its own, new or empty',
        });
      const temporary = `${folder}.${randomUUID()}.tmp`;
      let [count, bytes] = [0, 0];
      await mkdir(temporary, { recursive: true }).catch((e: unknown) => {
        throw wrapped('Writing', e);
      });
      const handle = await open(join(temporary, 'records.bin'), 'w');
      const discard = async (): Promise<void> => {
        await handle.close().catch(() => undefined);
        await rm(temporary, { recursive: true, force: true });
      };
      return {
        async add(list) {
          try {
            const part = serialize(list.map(plain));
            const head = Buffer.alloc(4);
            head.writeUInt32LE(part.length);
            await handle.writev([head, part]);
            count += list.length;
            bytes += 4 + part.length;
          } catch (e) {
            throw wrapped('Writing', e);
          }
        },
        async commit() {
          try {
            await handle.sync();
            await handle.close();
            await writeFile(
              join(temporary, 'about.json'),
              JSON.stringify({ format, records: count, bytes } satisfies Description),
              { flush: true },
            );
            // Another program may have made the same meanwhile: then that one counts.
            await rename(temporary, folder).catch(async (e: unknown) => {
              if ((await description()) === undefined) throw e;
              await discard();
            });
          } catch (e) {
            await discard();
            throw wrapped('Writing', e);
          }
        },
        discard,
      };
    },
  };
}
