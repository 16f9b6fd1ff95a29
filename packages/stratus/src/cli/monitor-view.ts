import type { DriftLevel, FeatureFigures, ModelReport, ServerReport } from '../monitor/index.ts';
import { short, sparkline } from '../plots/index.ts';
import { byteCount, type Colors, count, duration } from '../progress/index.ts';
import { table } from './output.ts';

/** So many features are shown, those first that have moved most. */
const mostFeatures = 20;

const ms = (x: number | undefined): string =>
  x === undefined ? '–' : x < 10 ? `${x.toFixed(2)} ms` : x < 1000 ? `${x.toFixed(0)} ms` : duration(x / 1000);
const percent = (x: number | undefined): string =>
  x === undefined ? '' : x === 0 ? '0 %' : x < 0.001 ? '< 0.1 %' : `${(x * 100).toFixed(1)} %`;
const perSecond = (x: number): string => (x >= 100 ? count(x) : x.toFixed(x >= 10 ? 1 : 2));
const named = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} ${count(n)}`)
    .join(', ');

const ranks: Readonly<Record<DriftLevel, number>> = { strong: 3, some: 2, none: 1, waiting: 0 };
const sizeOf = ({ psi = 0, distance = 0 }: FeatureFigures): number => psi + distance;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they could steer the terminal
const control = /[\u0000-\u001f\u007f-\u009f]/g;

/** Texts of a model in a terminal: one line, and not too long. */
const plain = (text: string): string => text.replaceAll(control, '�').slice(0, 40);

/** Missing values are told of beside how many the training had, where that is something else. */
const was = ({ missing, referenceMissing }: FeatureFigures): string =>
  missing === undefined || referenceMissing === undefined || Math.abs(missing - referenceMissing) < 0.01
    ? ''
    : `, was ${percent(referenceMissing)}`;

function test(figures: FeatureFigures): string {
  const { kolmogorovSmirnov: ks, chiSquare: chi } = figures;
  if (ks) return `KS ${ks.statistic.toFixed(3)}`;
  return chi ? `χ² ${short(Number(chi.statistic.toPrecision(4)))}` : '';
}

function featureTable(drift: readonly FeatureFigures[], { dim, red, yellow, green }: Colors): string {
  const paint: Readonly<Record<DriftLevel, (text: string) => string>> = { strong: red, some: yellow, none: green, waiting: dim };
  const sorted = drift.toSorted((a, b) => ranks[b.level] - ranks[a.level] || sizeOf(b) - sizeOf(a));
  const head = ['feature', 'drift', 'PSI', '', 'p', 'missing', 'unseen', 'mean', 'was', 'values', 'against'].map((text) =>
    dim(text),
  );
  const rows = sorted.slice(0, mostFeatures).map((one) => {
    const p = (one.kolmogorovSmirnov ?? one.chiSquare)?.pValue;
    return [
      `${plain(one.feature)}${one.kind === 'embedding' ? dim(' as a whole') : ''}`,
      paint[one.level](one.level),
      one.kind === 'embedding' && one.distance !== undefined ? `${one.distance.toFixed(2)} sd` : (one.psi?.toFixed(3) ?? ''),
      test(one),
      p === undefined ? '' : p < 1e-4 ? '< 0.0001' : p.toFixed(4),
      percent(one.missing) + was(one),
      percent(one.unseen),
      one.mean === undefined ? '' : short(one.mean),
      one.referenceMean === undefined || one.mean === undefined ? '' : short(one.referenceMean),
      count(one.count),
      one.reference === 'training' ? 'training' : dim('first seen'),
    ];
  });
  const right = ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'right', 'right', 'right'] as const;
  const more =
    sorted.length > mostFeatures ? `\n${dim(`and ${sorted.length - mostFeatures} features that have moved less`)}` : '';
  return table([head, ...rows], right) + more;
}

function accuracyText({ accuracy: { labels, accuracy, meanAbsoluteError, rootMeanSquareError } }: ModelReport): string {
  if (labels === 0) return 'no labels came';
  if (accuracy !== undefined) return `${(accuracy * 100).toFixed(2)} % right of ${count(labels)} labels in the last hour`;
  return `off by ${short(meanAbsoluteError ?? 0)} on average, root mean square ${short(rootMeanSquareError ?? 0)}, ${count(labels)} labels`;
}

/** How a version stands that a traffic rule watches. */
function rolloutText({ rollout }: ModelReport, { red, yellow }: Colors): string {
  if (rollout === undefined) return '';
  const { rows, minRows, worst, looks, mostLooks } = rollout;
  const since = `${count(rows)} samples since the traffic rule holds`;
  if (worst.length === 0) return `${since}; nothing is said of fewer than ${count(minRows)} of each side`;
  const sides = worst.map(({ of, feature, moved, limit, isTooFar }) => {
    const text = `${of} moved by ${moved.toFixed(3)} at most (${plain(feature)}), ${limit} is allowed`;
    return isTooFar ? red(text) : text;
  });
  const bad = looks === 0 ? [] : [yellow(`too far at ${looks} of ${mostLooks} looks in a row: then the rule before is put back`)];
  return [since, ...sides, ...bad].join('; ');
}

/** What a shadow says, beside what clients were told. */
function shadowText({ shadow }: ModelReport, { yellow }: Colors): string {
  if (shadow === undefined) return '';
  const { compared, mismatched, failed, dropped, largestDifference } = shadow;
  const otherwise = `${count(mismatched)} of ${count(compared)} answers otherwise`;
  const rest = [
    Number.isFinite(largestDifference) ? `differs by ${short(largestDifference)} at most` : 'some cannot be compared', // JSON has no infinity
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
    ...(dropped > 0 ? [`${count(dropped)} not asked`] : []),
  ];
  return [mismatched > 0 ? yellow(otherwise) : otherwise, ...rest].join(', ');
}

/** One version of a model, in some lines. `rates`: requests a second, the newest last. */
export function modelView(report: ModelReport, colors: Colors, rates: readonly number[] = []): string {
  const { bold, dim, red, cyan } = colors;
  const { traffic, drift, alerts, waiting } = report;
  const { requests, errors, batches } = traffic;
  const lately = `${count(requests)} in ${duration(traffic.windowMs / 1000)}`;
  const failures =
    errors === 0 ? 'no errors' : red(`${count(errors)} ${errors === 1 ? 'error' : 'errors'} (${percent(errors / requests)})`);
  const facts: [string, string][] = [
    [
      'requests',
      `${bold(`${perSecond(traffic.perSecond)}/s`)}  ${lately}, ${failures}${errors > 0 ? `: ${named(traffic.codes)}` : ''}`,
    ],
    ['latency', requests === errors ? '–' : `p50 ${bold(ms(traffic.p50))}  p90 ${ms(traffic.p90)}  p99 ${bold(ms(traffic.p99))}`],
    [
      '',
      requests === errors
        ? ''
        : dim(
            `queue p50 ${ms(traffic.queueP50)} p99 ${ms(traffic.queueP99)}, run p50 ${ms(traffic.runP50)} p99 ${ms(traffic.runP99)}`,
          ),
    ],
    [
      'batches',
      batches === 0
        ? '–'
        : `${(traffic.batchRows ?? 0).toFixed(1)} samples of ${(traffic.batchRequests ?? 0).toFixed(1)} requests, ${count(batches)}: ${named(traffic.closedBy)}`,
    ],
    ['waiting', waiting === undefined ? '' : count(waiting)],
    ['shadow', shadowText(report, colors)],
    ['watched', rolloutText(report, colors)],
    ['accuracy', accuracyText(report)],
    ['alerts', alerts.length === 0 ? '' : red(alerts.map(({ rule }) => plain(rule)).join(', '))],
  ];
  const shown = facts.filter(([, value]) => value !== '').map(([name, value]) => [`  ${dim(name)}`, value]);
  const curve = rates.length > 1 ? `  ${cyan(sparkline(rates))}` : '';
  const parts = [`${bold(plain(report.model))} ${dim(`version ${plain(report.version)}`)}${curve}`, table(shown)];
  if (drift.length > 0) parts.push('', featureTable(drift, colors));
  return parts.join('\n');
}

/** The whole server, in some lines. */
export function serverView(
  { models, upMs, memoryBytes, refused, rollbacks }: ServerReport,
  {
    url,
    colors,
    rates,
  }: { readonly url: string; readonly colors: Colors; readonly rates?: ReadonlyMap<string, readonly number[]> },
): string {
  const head = colors.dim(`${url}  up ${duration(upMs / 1000)}, ${byteCount(memoryBytes)} of memory`);
  const views = models.map((report) => modelView(report, colors, rates?.get(`${report.model} ${report.version}`)));
  const { requests, windowMs, codes } = refused;
  const turned = `${count(requests)} refused before a model was asked, in ${duration(windowMs / 1000)}: ${named(codes)}`;
  const back = rollbacks
    .slice(-3)
    .map(({ model, why, at }) =>
      colors.red(
        `${at.slice(0, 19).replace('T', ' ')} UTC: the traffic rule before was put back for ${plain(model)}. ${why.replaceAll(control, '�')}`,
      ),
    );
  return [head, ...back, ...(requests > 0 ? [colors.yellow(turned)] : []), ...views].join('\n\n');
}
