import { type Data, Type, type Vector } from 'apache-arrow';

/** How many values there is room for, by what a column holds. */
function roomOf({ typeId, stride, values, valueOffsets }: Data): number {
  if (valueOffsets) return valueOffsets.length - 1;
  const { length } = (values ?? { length: Number.POSITIVE_INFINITY }) as ArrayLike<unknown>;
  return typeId === Type.Bool ? 8 * length : length / (stride || 1);
}

const fail = (): never => {
  throw new Error('a column has fewer values than its length says');
};

/** Throws for a column that says to be longer than what is there: a damaged length would be believed, and its values made up. */
export function checkLengths(data: Data): void {
  const { typeId, length, children, nullBitmap, dictionary, valueOffsets } = data;
  if (length === 0) return;
  const isNested = typeId === Type.Struct || typeId === Type.FixedSizeList;
  if (!Number.isSafeInteger(length) || length < 0 || (!isNested && roomOf(data) < length)) fail();
  if (nullBitmap && nullBitmap.length > 0 && 8 * nullBitmap.length < length) fail();
  for (const child of children as readonly Data[]) {
    if (typeId === Type.Struct && child.length < length) fail();
    if (typeId === Type.FixedSizeList && child.length < length * (data.type as unknown as { listSize: number }).listSize) fail();
    if (valueOffsets)
      for (let i = 0; i < length; i++)
        if (!(valueOffsets[i]! >= 0 && valueOffsets[i]! <= valueOffsets[i + 1]! && valueOffsets[i + 1]! <= child.length)) fail();
    checkLengths(child);
  }
  for (const part of (dictionary as Vector | undefined)?.data ?? []) checkLengths(part);
}
