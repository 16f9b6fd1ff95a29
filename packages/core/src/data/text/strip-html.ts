// HTML as text: small, and linear in the length of whatever is given to it.

/** Tags inside a word or a sentence: nothing stands for them, a space for all others. */
const inline =
  /^<\/?(?:a|abbr|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr)(?![\w-])/i;
/** Elements whose content is no text. */
const hidden = /^<(script|style|template|noscript)(?![\w-])/i;

/** Where a tag ends; quoted signs do not end it, unless the quotes stay open. */
function tagEnd(html: string, at: number): number {
  let quote = '';
  for (let i = at; i < html.length; i++) {
    const c = html[i]!;
    if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === '>') return i + 1;
    else if (c === '"' || c === "'") quote = c;
  }
  return html.indexOf('>', at) + 1;
}

const named: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bull: '•',
  middot: '·',
  copy: '©',
  reg: '®',
  trade: '™',
  euro: '€',
  pound: '£',
  deg: '°',
  times: '×',
  frac12: '½',
  iexcl: '¡',
  iquest: '¿',
  szlig: 'ß',
  aelig: 'æ',
  AElig: 'Æ',
  oslash: 'ø',
  Oslash: 'Ø',
};
const accents: Readonly<Record<string, string>> = {
  grave: '\u0300',
  acute: '\u0301',
  circ: '\u0302',
  tilde: '\u0303',
  uml: '\u0308',
  ring: '\u030a',
  caron: '\u030c',
  cedil: '\u0327',
};

/** What browsers show for the numbers 128 to 159. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

function character(code: number): string {
  if (code >= 128 && code < 160) return windows1252[code - 128]!;
  return code === 0 || code > 0x10ffff || (code & ~0x7ff) === 0xd800 ? '\ufffd' : String.fromCodePoint(code);
}

function entity(all: string, decimal?: string, hex?: string, name = ''): string {
  if (decimal !== undefined) return character(Number(decimal));
  if (hex !== undefined) return character(Number.parseInt(hex, 16));
  if (Object.hasOwn(named, name)) return named[name]!;
  const accent = name.slice(1);
  const made = Object.hasOwn(accents, accent) ? (name.charAt(0) + accents[accent]!).normalize('NFC') : all;
  return made.length === 1 ? made : all;
}

/**
 * The text of HTML: no tags, no comments, nothing of scripts and styles. Entities by number, those of signs, and those of letters with accents
 * are characters; other names stay as they are. What is never closed is left out up to the end, as browsers do; a `<` that begins no tag stays.
 */
export function stripHtml(html: string): string {
  const last = html.lastIndexOf('>');
  let text = '';
  let from = 0;
  for (let at = html.indexOf('<'); at >= 0 && at < last; at = html.indexOf('<', at)) {
    if (!/^<[a-z/!?]/i.test(html.slice(at, at + 2))) {
      at++;
      continue;
    }
    text += html.slice(from, at);
    const start = html.slice(at, at + 12);
    const comment = start.startsWith('<!--');
    const element = hidden.exec(start)?.[1];
    let end = comment ? html.indexOf('-->', at + 4) + 3 : tagEnd(html, at);
    if (element !== undefined) {
      const closing = new RegExp(`</${element}(?![\\w-])`, 'gi');
      closing.lastIndex = end;
      const closed = closing.exec(html);
      end = closed === null ? html.length : tagEnd(html, closed.index);
    }
    if (!comment && !inline.test(start)) text += ' ';
    from = at = end < at + 2 ? html.length : end;
  }
  text += html.slice(from);
  return text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|([a-zA-Z][a-zA-Z\d]{1,31}));/g, entity);
}
