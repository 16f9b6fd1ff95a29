// Sizes that are known only at run time, as sums of products of names: 'batch', '(batch * 28)', '(batch + time - 1)'. Every
// sum has one text, so that two ways of computing a size give equal shapes.

interface Term {
  readonly names: readonly string[];
  readonly factor: number;
}
type Sum = readonly Term[];

/** Collects equal products, drops zeros, and orders what is left: by name, the plain number last. */
function collect(terms: Sum): Sum {
  const found = new Map<string, Term>();
  for (const { names, factor } of terms) {
    const sorted = [...names].sort();
    const key = sorted.join('\n');
    found.set(key, { names: sorted, factor: factor + (found.get(key)?.factor ?? 0) });
  }
  const order = ([a]: [string, Term], [b]: [string, Term]): number => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1);
  return [...found]
    .filter(([, { factor }]) => factor !== 0)
    .sort(order)
    .map(([, term]) => term);
}

const product = (a: Sum, b: Sum): Sum =>
  collect(a.flatMap((p) => b.map((q) => ({ names: [...p.names, ...q.names], factor: p.factor * q.factor }))));

/** Reads a text that `write` made; any other text is one name. */
function read(text: string): Sum {
  let at = 0;
  const next = (): string => /^\s*(\d+|[A-Za-z_][\w.]*|\S)/.exec(text.slice(at))?.[0] ?? '';
  const take = (): string => {
    const token = next();
    at += token.length;
    return token.trim();
  };
  const peek = (): string => next().trim();
  const sum = (): Sum => {
    let total: Sum = peek() === '-' ? [] : terms();
    while (peek() === '+' || peek() === '-') {
      const factor = take() === '-' ? -1 : 1;
      total = [...total, ...terms().map((t) => ({ ...t, factor: factor * t.factor }))];
    }
    return collect(total);
  };
  const terms = (): Sum => {
    let total = operand();
    while (peek() === '*') {
      take();
      total = product(total, operand());
    }
    return total;
  };
  const operand = (): Sum => {
    const token = take();
    if (token === '(') {
      const inner = sum();
      if (take() !== ')') throw new SyntaxError(text);
      return inner;
    }
    if (/^\d/.test(token)) return [{ names: [], factor: Number(token) }];
    if (!/^[A-Za-z_]/.test(token)) throw new SyntaxError(text);
    return [{ names: [peek() === '(' ? token + bracket() : token], factor: 1 }];
  };
  /** What a call such as `ceil((n - 1) / 2)` has in brackets: part of a name. */
  const bracket = (): string => {
    const start = at;
    let depth = 0;
    do {
      const token = take();
      if (token === '') throw new SyntaxError(text);
      depth += token === '(' ? 1 : token === ')' ? -1 : 0;
    } while (depth > 0);
    return text.slice(start, at).trim();
  };
  try {
    const all = sum();
    if (at < text.trimEnd().length) throw new SyntaxError(text);
    return all;
  } catch (e) {
    if (e instanceof SyntaxError) return [{ names: [text], factor: 1 }];
    throw e;
  }
}

function write(sum: Sum): number | string {
  if (sum.length === 0) return 0;
  const [only] = sum;
  if (sum.length === 1 && only!.names.length === 0) return only!.factor;
  if (sum.length === 1 && only!.names.length === 1 && only!.factor === 1) return only!.names[0]!;
  const text = sum.map(({ names, factor }, i) => {
    const size = Math.abs(factor);
    const body = names.length === 0 ? String(size) : [...names, ...(size === 1 ? [] : [size])].join(' * ');
    return i === 0 ? (factor < 0 ? `-${body}` : body) : factor < 0 ? ` - ${body}` : ` + ${body}`;
  });
  return `(${text.join('')})`;
}

const sumOf = (size: number | string): Sum =>
  typeof size === 'string' ? read(size) : size === 0 ? [] : [{ names: [], factor: size }];

/** `a + factor b`, where either may be symbolic. */
export const addSizes = (a: number | string, b: number | string, factor = 1): number | string =>
  write(collect([...sumOf(a), ...sumOf(b).map((term) => ({ ...term, factor: factor * term.factor }))]));

/** `a b`, where either may be symbolic. */
export const multiplySizes = (a: number | string, b: number | string): number | string => write(product(sumOf(a), sumOf(b)));

/** `a / b` where it goes without remainder whatever the run-time sizes are; undefined otherwise. */
export function divideSizes(a: number | string, b: number | string): number | string | undefined {
  const [divisor, ...more] = sumOf(b);
  if (!divisor) return undefined;
  const whole = sumOf(a);
  if (more.length > 0) return write(whole) === write(sumOf(b)) ? 1 : undefined;
  const parts = whole.map(({ names, factor }) => {
    const left = [...names];
    for (const name of divisor.names) {
      const at = left.indexOf(name);
      if (at < 0) return undefined;
      left.splice(at, 1);
    }
    return factor % divisor.factor === 0 ? { names: left, factor: factor / divisor.factor } : undefined;
  });
  return parts.includes(undefined) ? undefined : write(collect(parts as Sum));
}

/** True if `a` and `b` differ whatever the run-time sizes are, as long as none is 0. */
export const sizesDiffer = (a: number | string, b: number | string): boolean =>
  collect([...sumOf(a), ...sumOf(b).map((term) => ({ ...term, factor: -term.factor }))]).length === 1;

/** The number that a size comes to, where all names in it are known; undefined otherwise. */
export function sizeAt(size: number | string, known: ReadonlyMap<string, number>): number | undefined {
  let total = 0;
  for (const { names, factor } of sumOf(size)) {
    let term = factor;
    for (const name of names) {
      const value = known.get(name) ?? rounded(name, known);
      if (value === undefined) return undefined;
      term *= value;
    }
    total += term;
  }
  return total;
}

/** `ceil(size / number)`. */
function rounded(name: string, known: ReadonlyMap<string, number>): number | undefined {
  const [, inner, by] = /^ceil\((.*) \/ (\d+)\)$/.exec(name) ?? [];
  const size = inner === undefined ? undefined : sizeAt(inner, known);
  return size === undefined ? undefined : Math.ceil(size / Number(by));
}
