// What is done to a right value, text or bytes to make it wrong, or merely odd.
import type { Seeded } from './seeded.ts';

/** Texts that programs stumble over. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  '..',
  '../../etc/passwd',
  '%00',
  '%2e%2e%2f',
  '\0',
  '\r\nx: y',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "a' OR '1'='1",
  'a"; DROP TABLE runs; --',
  '\ud800',
  '🙂',
  'e\u0301',
  '\u202e',
  'a'.repeat(300),
  '-1',
  '1e309',
  '-0',
  'NaN',
  'Infinity',
  '9007199254740993',
  '@production',
  'latest',
  'FP32',
  'INT64',
  'BYTES',
  'x',
  'y',
];

const oddNumbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  0.5,
  1e400,
  -1e400,
  1e308,
  5e-324,
  3.5e38,
  2 ** 31,
  -(2 ** 31),
  2 ** 32,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  1e19,
];

/** A value of any kind, not deep. */
export function oddValue(random: Seeded): unknown {
  switch (random.below(9)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
    case 3:
      return random.pick(oddNumbers);
    case 4:
      return random.pick(oddTexts);
    case 5:
      return [];
    case 6:
      return {};
    case 7:
      return random.many(random.below(4), () => random.pick(oddNumbers));
    default:
      return { [random.pick(oddTexts)]: random.pick(oddNumbers), b64: random.pick(oddTexts) };
  }
}

type Tree = Record<string, unknown> | unknown[];

/** The objects and lists of a value. */
function nodes(value: unknown, found: Tree[] = []): Tree[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value as Tree);
  for (const inner of Object.values(value)) nodes(inner, found);
  return found;
}

/** The value with one to three places changed, taken out, doubled, or added. */
export function bentValue(value: unknown, random: Seeded): unknown {
  let changed: unknown = structuredClone(value);
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const trees = nodes(changed);
    if (trees.length === 0 || random.chance(0.02)) {
      changed = oddValue(random);
      continue;
    }
    const tree = random.pick(trees) as Record<string, unknown>;
    const keys = Object.keys(tree);
    const key = keys.length === 0 ? '0' : random.pick(keys);
    switch (random.below(6)) {
      case 0:
        if (Array.isArray(tree)) tree.splice(Number(key), 1);
        else delete tree[key];
        break;
      case 1:
        if (Array.isArray(tree)) tree.push(oddValue(random));
        else if (!random.chance(0.1)) tree[random.pick(oddTexts)] = oddValue(random);
        break;
      case 2:
        if (Array.isArray(tree) && tree.length > 0) tree.push(structuredClone(tree[Number(key)]));
        else tree[key] = [tree[key]];
        break;
      default:
        if (keys.length > 0) tree[key] = typeof tree[key] === 'string' ? random.pick(oddTexts) : oddValue(random);
    }
  }
  return changed;
}

const tokens = [
  '',
  ',',
  '[',
  ']',
  '{',
  '}',
  '"',
  '1',
  '-',
  'e',
  '.',
  'null',
  '\\',
  '\0',
  'é',
  '\\ud800',
  '[[[[',
  ':',
  '1e999',
  '\n',
];

/** The text with one to three places changed. */
export function bentText(text: string, random: Seeded): string {
  let bent = text;
  for (let changes = 1 + random.below(3); changes > 0; changes--) {
    const at = random.below(bent.length + 1);
    bent = bent.slice(0, at) + random.pick(tokens) + bent.slice(at + random.below(4));
  }
  return bent;
}

/** The bytes with one to four places changed: another byte, one more, some fewer, the end cut off. */
export function bentBytes(bytes: Buffer, random: Seeded): Buffer {
  let bent: Buffer = Buffer.from(bytes);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    const at = random.below(bent.length + 1);
    const kind = random.below(8);
    if (kind < 4 && at < bent.length) bent[at] = kind < 2 ? random.below(256) : bent[at]! ^ (1 << random.below(8));
    else if (kind === 4) bent = Buffer.concat([bent.subarray(0, at), random.bytes(1 + random.below(4)), bent.subarray(at)]);
    else if (kind === 5) bent = Buffer.concat([bent.subarray(0, at), bent.subarray(at + 1 + random.below(8))]);
    else if (kind === 6) bent = bent.subarray(0, at);
    else bent = Buffer.concat([bent, bent.subarray(at, at + 32)]);
  }
  return bent;
}

/** JSON that is right as far as it goes, and goes too far: deep, wide, long. A few kilobytes each. */
export function heavyJson(random: Seeded): string {
  const times = 50 + random.below(3000);
  return random.pick([
    () => '['.repeat(times),
    () => `${'['.repeat(times)}${']'.repeat(times)}`,
    () => '{"inputs":'.repeat(times),
    () => `[${'{},'.repeat(times)}{}]`,
    () => '9'.repeat(times),
    () => `"${'\\'.repeat(times)}`,
    () => `{"inputs":[${'{"name":"x","shape":[1,3],"datatype":"FP32","data":[1,2,3]},'.repeat(times >> 4)}{}]}`,
    () => `{${'"a":1,'.repeat(times)}"a":1}`,
    () => `{"inputs":[{"name":"x","shape":[${'1,'.repeat(times)}1],"datatype":"FP32","data":[1]}]}`,
    () => `-0.${'0'.repeat(times)}1e-${'9'.repeat(20)}`,
  ])();
}
