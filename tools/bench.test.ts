import { expect, it } from 'vitest';
import { alternate } from '../bench/shared/alternate.ts';
import { exponent } from '../bench/shared/growth.ts';
import { ratioChart } from '../bench/shared/ratio-chart.ts';

it('fits the power that a time grows with', () => {
  const sizes = [16, 32, 64, 128];
  for (const power of [0, 0.5, 1, 2])
    expect(
      exponent(
        sizes,
        sizes.map((size) => 3 * size ** power),
      ),
    ).toBeCloseTo(power, 10);
  expect(exponent([1, 2, 4], [1, 2.2, 3.9])).toBeCloseTo(0.982, 2); // noise moves it a little
});

it('times several things in turns', async () => {
  const order: string[] = [];
  const way = (name: string) => async () => void order.push(name);
  const { signal } = new AbortController();
  const samples = await alternate({ a: way('a'), b: way('b') }, { rounds: 3, sliceMs: 0, signal });
  expect(order.join('')).toBe('abba'.repeat(3).slice(0, 10)); // two rounds warm up
  expect([samples.a.length, samples.b.length]).toEqual([3, 3]);
  await expect(alternate({ a: way('a') }, { rounds: 1, sliceMs: 0, signal: AbortSignal.abort() })).rejects.toThrow();
});

it('draws a bar for what was measured, a word for what was not, and cuts what is too long', () => {
  const bars = [
    { library: 'PyTorch', ratio: 0.5, low: 0.45, high: 0.55 },
    { library: 'JAX' },
    { library: 'T&F', ratio: 9, low: 8, high: 10 },
  ];
  const svg = ratioChart({ groups: [{ title: 'a < b', bars }], subtitle: 'somewhere' });
  expect(svg.match(/>0\.50</g)).toHaveLength(1);
  expect(svg).toContain('JAX: not measured');
  expect(svg).toContain('9.00 (cut off)');
  expect(svg).toContain('a &#60; b');
  const widths = [...svg.matchAll(/<rect class="(?:torch|jax)" x="230" y="\d+" width="(\d+)" height="13"/g)].map(([, w]) =>
    Number(w),
  );
  expect(Math.abs(widths[0]! * 4 - widths[1]!)).toBeLessThanOrEqual(4); // a half of one, and two, where it is cut off
});
