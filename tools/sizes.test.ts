import { expect, it } from 'vitest';
import { sizesOf } from './sizes.ts';

const lines = (n: number, header = '// A header.'): string => `${header}\n${'x\n'.repeat(n - 1)}`;

it('gives median and p90, and asks for a reason above 400 lines', () => {
  const files = {
    'a.ts': lines(10),
    'b.ts': lines(100),
    'c.ts': lines(400),
    'd.ts': lines(401),
    'e.ts': lines(900, '// Over 400 lines because it is one table.'),
  };
  expect(sizesOf(files)).toEqual({ median: 400, p90: 900, unexplained: [{ name: 'd.ts', lines: 401 }] });
  expect(sizesOf({ 'late.ts': lines(500) + '// Over 400 lines because\n' }).unexplained).toHaveLength(1);
  expect(sizesOf({})).toEqual({ median: 0, p90: 0, unexplained: [] });
});
