// A strict reader of Prometheus' text format 0.0.4: it throws where a line is not as the format says.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y;

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  labelForm.lastIndex = 0;
  while (labelForm.lastIndex < text.length) {
    const found = labelForm.exec(text);
    if (!found) throw new Error(`labels: ${text}`);
    if (Object.hasOwn(labels, found[1]!)) throw new Error(`the label ${found[1]} twice: ${text}`);
    labels[found[1]!] = found[2]!.replaceAll(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
  }
  return labels;
}

const valueOf = (text: string): number => {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN' || /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text)) return Number(text);
  throw new Error(`value: ${text}`);
};

/** Families by name. */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, { help: string; type: string; samples: Sample[] }>();
  let current: string | undefined;
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = new RegExp(`^# (HELP|TYPE) (${nameForm}) (.*)$`).exec(line);
    if (comment) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === 'HELP') {
        if (families.has(name)) throw new Error(`the family ${name} twice`);
        families.set(name, { help: rest, type: 'untyped', samples: [] });
        current = name;
      } else {
        if (current !== name) throw new Error(`TYPE of ${name} is not below its HELP`);
        if (!['counter', 'gauge', 'histogram', 'summary'].includes(rest)) throw new Error(`the type ${rest}`);
        families.get(name)!.type = rest;
      }
      continue;
    }
    const sample = new RegExp(`^(${nameForm})(?:\\{([^]*)\\})? (\\S+)$`).exec(line);
    if (!sample) throw new Error(`line: ${line}`);
    const [, name, labels = '', value] = sample as unknown as [string, string, string | undefined, string];
    const family = families.get(current ?? '');
    const own = family?.type === 'histogram' ? [`${current}_bucket`, `${current}_sum`, `${current}_count`] : [current];
    if (!family || !own.includes(name)) throw new Error(`${name} is not of the family ${current}`);
    const key = `${name}{${labels}}`;
    if (seen.has(key)) throw new Error(`${key} twice`);
    seen.add(key);
    family.samples.push({ name, labels: labelsOf(labels), value: valueOf(value) });
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family.samples);
  return families;
}

/** Buckets grow, the last one is all, and equals the count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...rest } = sample.labels;
    const key = JSON.stringify(rest);
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, own] of series) {
    const buckets = own.filter((sample) => sample.name.endsWith('_bucket'));
    const count = own.find((sample) => sample.name.endsWith('_count'));
    const limits = buckets.map(({ labels }) => valueOf(labels['le']!));
    const grows = buckets.every((bucket, i) => i === 0 || (bucket.value >= buckets[i - 1]!.value && limits[i]! > limits[i - 1]!));
    if (!grows || limits.at(-1) !== Number.POSITIVE_INFINITY || buckets.at(-1)!.value !== count?.value)
      throw new Error(`the histogram ${name} ${key}`);
  }
}
