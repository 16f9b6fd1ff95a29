import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { anchorsOf, broken, linksOf } from './links.ts';

it('makes anchors as code hosts do', () => {
  const text = '# Stratus\n## To add a `layer`, touch…\n## Twice\n## Twice\n```\n# not a heading\n```\n### With a [link](x.md)\n';
  expect([...anchorsOf(text)]).toEqual(['stratus', 'to-add-a-layer-touch', 'twice', 'twice-1', 'with-a-link']);
});

it('finds links with their lines, outside code', () => {
  const text =
    'a [b](c.md) [d](<e.md#f> "title")\n```md\n[no](no.md)\n```\n`[no](no.md)` ![picture](p.png)\n[web](https://x.test) [ref]\n\n[ref]: g.md\n';
  expect(linksOf(text)).toEqual([
    { line: 1, target: 'c.md' },
    { line: 1, target: 'e.md#f' },
    { line: 5, target: 'p.png' },
    { line: 8, target: 'g.md' },
  ]);
});

it('says which links lead nowhere', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-links-'));
  writeFileSync(join(folder, 'b.md'), '# Here\n');
  writeFileSync(
    join(folder, 'a.md'),
    '# A\n[ok](b.md) [ok](b.md#here) [ok](#a) [ok](.)\n[no](c.md)\n[no](b.md#there) [no](#b)\n',
  );
  const found = broken(join(folder, 'a.md')).map((c) => c.replace(/^.*a\.md:/, ''));
  expect(found).toEqual([
    '3: c.md: there is no such file',
    '4: b.md#there: there is no such heading',
    '4: #b: there is no such heading',
  ]);
});
