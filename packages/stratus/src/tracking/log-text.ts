// What a script prints, bounded: the first part goes into the store as it comes, of what follows only the end is kept, until the process is over.

/** So many characters of the beginning, and of the end. */
export const logRoom = { head: 1_000_000, tail: 1_000_000 } as const;
/** What goes into the store at once. */
const pieceRoom = 100_000;

export interface Piece {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are told, by ECMA-48
const controls = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Lines as a reader of a terminal has them in the end: without colours, and of a line that was written over, what was written last. */
const plain = (text: string): string => {
  const clean = text.replaceAll(controls, '');
  return clean.includes('\r') ? clean.split('\n').map(writtenLast).join('\n') : clean;
};

function writtenLast(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

/** Keeps the beginning and the end of what is printed. */
export class LogText {
  readonly #room: { readonly head: number; readonly tail: number };
  #headLeft: number;
  #head: Piece[] = [];
  /** Lines that have not ended yet. */
  readonly #open = { stdout: '', stderr: '' };
  #tail: Piece[] = [];
  #tailLength = 0;
  #leftOut = 0;

  constructor(room: { readonly head: number; readonly tail: number } = logRoom) {
    this.#room = room;
    this.#headLeft = room.head;
  }

  add(stream: Piece['stream'], text: string): void {
    let rest = text;
    if (this.#headLeft > 0) {
      const kept = rest.slice(0, this.#headLeft);
      rest = rest.slice(kept.length);
      this.#headLeft -= kept.length;
      this.#open[stream] += kept;
      this.#cut(stream, this.#headLeft === 0);
    }
    if (rest === '') return;
    // One long text is no exception.
    const kept = rest.slice(-this.#room.tail);
    this.#leftOut += rest.length - kept.length;
    this.#tail.push({ stream, text: kept });
    this.#tailLength += kept.length;
    if (this.#tailLength > 2 * this.#room.tail) this.#trim();
  }

  /** Whole lines of the beginning that came since the last time. */
  take(): Piece[] {
    const found = this.#head;
    this.#head = [];
    return found;
  }

  /** What is left at the end, with a word about what is not there. */
  end(): Piece[] {
    this.#cut('stdout', true);
    this.#cut('stderr', true);
    this.#trim();
    const notice: Piece[] =
      this.#leftOut > 0 ? [{ stream: 'stderr', text: `\n[${this.#leftOut} characters were left out here]\n` }] : [];
    const tail = this.#tail.flatMap((piece) => inPieces({ ...piece, text: plain(piece.text) }));
    this.#tail = [];
    this.#tailLength = 0;
    this.#leftOut = 0;
    return [...this.take(), ...notice, ...tail];
  }

  #cut(stream: Piece['stream'], whole: boolean): void {
    const text = this.#open[stream];
    const end = whole || text.length > pieceRoom ? text.length : text.lastIndexOf('\n') + 1;
    if (end === 0) return;
    this.#open[stream] = text.slice(end);
    const shown = plain(text.slice(0, end));
    const last = this.#head.at(-1);
    if (last && last.stream === stream && last.text.length + shown.length <= pieceRoom)
      this.#head[this.#head.length - 1] = { stream, text: last.text + shown };
    else this.#head.push(...inPieces({ stream, text: shown }));
  }

  #trim(): void {
    let over = this.#tailLength - this.#room.tail;
    if (over <= 0) return;
    this.#leftOut += over;
    this.#tailLength = this.#room.tail;
    let first = 0;
    while (over >= this.#tail[first]!.text.length) over -= this.#tail[first++]!.text.length;
    this.#tail = this.#tail.slice(first);
    const { stream, text } = this.#tail[0]!;
    this.#tail[0] = { stream, text: text.slice(over) };
  }
}

function inPieces({ stream, text }: Piece): Piece[] {
  const found: Piece[] = [];
  for (let at = 0; at < text.length; at += pieceRoom) found.push({ stream, text: text.slice(at, at + pieceRoom) });
  return found;
}
