/** Characters that move the cursor, turn the direction of writing or break lines; half of a surrogate pair. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const unseen = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/** A text of a stranger on one line, no longer than that. */
export function plain(text: string, most = 40): string {
  const characters = [...text.slice(0, 4 * most).replaceAll(unseen, '·')];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : characters.join('');
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** As {@link plain}, within a page. */
export const escaped = (text: string, most?: number): string => plain(text, most).replaceAll(/[&<>"']/g, (c) => entities[c]!);
