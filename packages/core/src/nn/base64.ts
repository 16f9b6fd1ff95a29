// Bytes in JSON. Buffer is Node's only, and Uint8Array.toBase64 is not in Node 20.

/** Bytes as a text of ASCII letters. Source: RFC 4648. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** The bytes of such a text. Throws for anything else. */
export const fromBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
