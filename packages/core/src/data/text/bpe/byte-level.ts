// Bytes as letters: GPT-2's vocabularies are texts in which every byte is a letter that can be printed.

/** The letter of each byte. Source: bytes_to_unicode of OpenAI's encoder.py. */
export const letterOfByte: readonly string[] = /* @__PURE__ */ (() => {
  let next = 256;
  const printed = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printed(byte) ? byte : next++));
})();

/** The byte of each letter. */
export const byteOfLetter: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  letterOfByte.map((letter, byte) => [letter, byte] as const),
);

const toBytes = /* @__PURE__ */ new TextEncoder();
const toText = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** A text's bytes in UTF-8. Half a surrogate pair becomes U+FFFD, as in every such tokenizer. */
export const utf8 = (text: string): Uint8Array => toBytes.encode(text);

/** Bytes in UTF-8 as a text; what is no UTF-8 becomes U+FFFD. */
export const textOf = (bytes: Uint8Array): string => toText.decode(bytes);

/** A text with a letter for each of its bytes. */
export const toLetters = (text: string): string => Array.from(utf8(text), (byte) => letterOfByte[byte]).join('');
