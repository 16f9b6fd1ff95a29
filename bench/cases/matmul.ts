// Products of square matrices: ONNX Runtime's through our executor beside PyTorch's. The rate is the machine's limit for all models.
import { onAnyDevice, type Result } from '../result.ts';
import { keep } from '../shared/keep.ts';
import { matmulLineup } from '../shared/peers.ts';
import { plainJs } from '../shared/plain-js.ts';
import { quick } from '../shared/quick.ts';
import { assemble, race, type Series } from '../shared/race.ts';
import { fastest, logSeries, ms } from '../shared/report.ts';
import { median, pairedRatio } from '../shared/statistics.ts';

const sizes = quick ? [256, 512] : [256, 512, 1024, 2048];
const settings = quick ? { rounds: 3, sliceMs: 60, firstSteps: 1 } : { rounds: 9, sliceMs: 300, firstSteps: 1 };
const gflops = (size: number, time: number): string => `${((2 * size ** 3) / time / 1e6).toFixed(0)} GFLOP/s`;

function row(series: readonly Series[], size: number): Result[] {
  const of = (library: string) => fastest(series.filter((s) => s.library === library && s.variant === String(size)));
  const [own, peer] = [of('Stratus'), of('PyTorch')];
  if (!own || !peer) return [];
  if (Math.abs(own.loss / peer.loss - 1) > 1e-3) throw new Error(`the products differ: ${own.loss} and ${peer.loss}`);
  const { ratio, low, high } = pairedRatio(own.samples, peer.samples);
  const side = (s: Series): string => `${ms(median(s.samples))}, ${gflops(size, median(s.samples))} (${s.threads})`;
  return [
    {
      name: `matrix product, ${size}: Stratus / PyTorch ${peer.version}`,
      reached: ratio,
      target: 1.1,
      better: 'lower',
      unit: 'ratio',
      detail: `${side(own)} against ${side(peer)}; middle half ${low.toFixed(3)} to ${high.toFixed(3)}`,
    },
  ];
}

export const run = onAnyDevice(async (context) => {
  const { root, device, log, signal } = context;
  const program = await plainJs(root, 'bench/peers/stratus-matmul.ts');
  const { competitors, skipped } = await assemble(matmulLineup(root, { program, device, sizes }), { log, signal });
  try {
    const series = await race(competitors, { ...settings, log, signal });
    logSeries(series, log);
    return await keep(context, 'matmul', {
      results: sizes.flatMap((size) => row(series, size)),
      settings,
      skipped,
      products: series,
    });
  } finally {
    for (const competitor of competitors) await competitor.stop();
  }
});
