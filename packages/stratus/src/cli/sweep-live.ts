import { colorsFor, figure, isTerminal, liveLine } from '../progress/index.ts';
import type { SweepProgress, SweepTrial } from '../sweeps/index.ts';
import { countsOf, type TrialRow, trialLine, trialTable } from './sweep-table.ts';

/** What is seen of a sweep while it runs. */
export interface SweepView {
  show(progress: SweepProgress): void;
  end(): void;
}

const rowOf = (trial: SweepTrial): TrialRow => ({ ...trial, latest: trial.reports.at(-1) });

const barLength = 24;

/** Those under way, the best one, and the newest ones: as many as there is room for. */
function chosen(rows: readonly TrialRow[], best: number | undefined, room: number): TrialRow[] {
  const wanted = new Set<TrialRow>(rows.filter(({ status, number }) => status === 'running' || number === best));
  for (const row of rows.toReversed()) {
    if (wanted.size >= room) break;
    wanted.add(row);
  }
  return rows.filter((row) => wanted.has(row));
}

/** A table that is drawn anew on a terminal; elsewhere a line for each trial that is over. Nothing where `quiet`. */
export async function sweepView(names: readonly string[], { quiet }: { readonly quiet: boolean }): Promise<SweepView> {
  if (quiet) return { show() {}, end() {} };
  const stream = process.stderr;
  const colors = colorsFor(stream);
  const told = new Set<number>();
  if (!isTerminal(stream))
    return {
      show({ begun }) {
        for (const trial of begun) {
          if (trial.status === 'running' || trial.finishedAt === undefined || told.has(trial.number)) continue;
          told.add(trial.number);
          stream.write(`${trialLine(rowOf(trial), { names, colors })}\n`);
        }
      },
      end() {},
    };
  const line = await liveLine(stream);
  const draw = ({ trials, begun, best }: SweepProgress): void => {
    const rows = begun.map(rowOf);
    const over = rows.filter(({ status }) => status !== 'running').length;
    const done = Math.round((barLength * over) / Math.max(1, trials));
    const bar = `${colors.cyan('━'.repeat(done))}${colors.dim('━'.repeat(barLength - done))}`;
    const found = best === undefined ? '' : `  best ${colors.bold(figure(best.value!))} (#${best.number})`;
    const head = `${colors.bold('Sweep')} ${bar} ${over}/${trials}${found}  ${colors.dim(countsOf(rows))}`;
    const room = Math.max(4, Math.min(20, (stream.rows ?? 24) - 5));
    const text = trialTable(chosen(rows, best?.number, room), { names, best: best?.number, colors });
    line.show(`${head}\n${text}`);
  };
  let latest: SweepProgress | undefined;
  const timer = setInterval(() => latest && draw(latest), 1000); // the clocks of those under way go on
  timer.unref();
  return {
    show(progress) {
      latest = progress;
      draw(progress);
    },
    end() {
      clearInterval(timer);
      line.end('leave');
    },
  };
}
