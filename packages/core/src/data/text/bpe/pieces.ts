// GPT-2's rule for the pieces that no merge crosses, as a loop: it takes no time but the text's length, whatever the text is.
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// White space is Unicode's (the property White_Space), as in the regular expressions of Rust and Python; JavaScript's \s is another set.

const other = 1;
const letter = 2;
const digit = 3;
const space = 4;

const kindOf = (character: string): number =>
  /\p{White_Space}/u.test(character) ? space : /\p{L}/u.test(character) ? letter : /\p{N}/u.test(character) ? digit : other;

/** The kinds of the characters that were met, by their number; 0 for the others, and for halves of pairs. */
const met = /* @__PURE__ */ new Uint8Array(0x10000);

/** The kind of the character at a place that lies in the text. */
function kindAt(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  const known = met[unit]!;
  if (known !== 0) return known;
  const kind = kindOf(String.fromCodePoint(text.codePointAt(at)!));
  if ((unit & 0xf800) !== 0xd800) met[unit] = kind;
  return kind;
}

/** Where the run of characters of one kind that covers `at` ends. */
function runEnd(text: string, at: number, kind: number): number {
  let end = at;
  while (end < text.length && kindAt(text, end) === kind) end += text.codePointAt(end)! > 0xffff ? 2 : 1;
  return end;
}

const apostrophe = 39;
const shortened = /'(?:[stmd]|re|ve|ll)/y;

/** Where the piece that begins at `at` ends. */
export function pieceEnd(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit === apostrophe) {
    shortened.lastIndex = at;
    if (shortened.test(text)) return shortened.lastIndex;
  }
  const first = kindAt(text, at);
  if (first !== space) return runEnd(text, at, first);
  const next = at + 1 < text.length ? kindAt(text, at + 1) : space;
  if (unit === 32 && next !== space) return runEnd(text, at + 1, next);
  const end = runEnd(text, at, space);
  // The last space before a word belongs to the word.
  return end < text.length && end - at > 1 ? end - 1 : end;
}

const words = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const rest = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const patternOf = (digits: string): string => `(?i:'s|'t|'re|'ve|'m|'ll|'d)|${words}|${digits}|${rest}`;

/** The rules by which texts are cut into pieces, as the files of the models write them. */
const patterns = {
  gpt2: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  llama3: patternOf('\\p{N}{1,3}'),
  qwen2: patternOf('\\p{N}'),
};

/** The name of a rule for pieces: that of GPT-2, of GPT-4 and Llama 3, or of Qwen 2. */
export type Split = keyof typeof patterns;

/** The name of the rule that a file writes out. */
export const splitOfPattern = (pattern: unknown): Split | undefined =>
  (Object.keys(patterns) as Split[]).find((name) => patterns[name] === pattern);

/** Where a piece ends by a rule that matches at every place. */
function byPattern(source: string): (text: string, at: number) => number {
  const anyCase = "'(?:[sSſtTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])"; // Node 20 knows no (?i:…)
  const plain = source.replace(/\(\?i:.*?\)/, anyCase);
  const pattern = new RegExp(plain.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'uy');
  return (text, at) => {
    pattern.lastIndex = at;
    return pattern.test(text) && pattern.lastIndex > at ? pattern.lastIndex : at + 1;
  };
}

/** For each rule, where the piece that begins at a place ends. */
export const splits: Readonly<Record<Split, () => (text: string, at: number) => number>> = {
  gpt2: () => pieceEnd,
  llama3: () => byPattern(patterns.llama3),
  qwen2: () => byPattern(patterns.qwen2),
};

/** The pieces of a text. */
export function* piecesOf(text: string, split: Split = 'gpt2'): Generator<string> {
  const endOf = splits[split]();
  for (let at = 0; at < text.length; ) {
    const end = endOf(text, at);
    yield text.slice(at, end);
    at = end;
  }
}
