import { it } from 'vitest';
import { buildRow } from './support/build-row.ts';
import { rows } from './support/op-rows.ts';
it('x', () => {
  for (const id of ['concat/1','matMul/1','pad/0','pad/1','pad/7','reduceProd/0','reshape/0','slice/0','slice/4','slice/7','tile/0']) {
    const row = rows.find((r) => r.id === id)!;
    try { buildRow(row, { dtype: 'float32', symbolic: [0] }); console.log(id, 'ok'); } catch (e) { console.log(id, (e as Error).message, (e as Error).stack!.split('\n').slice(2, 14).map((l) => l.trim().replace(/.*src\//, '')).join(' < ')); }
  }
});
