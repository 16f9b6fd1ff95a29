import { describe, expect, it } from 'vitest';
import { forgotten, untested } from './complete.ts';

const op = (name: string, cases: string): string =>
  `/** @internal */\nexport const ${name}Op = defineOp({});\n\n/** Doc. */\nexport const ${name} = (x: Value): Value => ${name}Op({ x }).y;\n\n` +
  `/** @internal */\nexport const ${name}Cases: OpCase[] = ${cases};\n`;

describe('complete', () => {
  it('is content when the index or a neighbour mentions every file, and cases build every function', () => {
    const room = {
      'index.ts': "export * from './abs.ts';\nimport { hinge } from './hinge.ts';",
      'abs.ts': `import { lift } from './rules.ts';\n${op('abs', "[{ ins: 'any', build: abs }]")}`,
      'hinge.ts': 'export const hinge = 1;',
      'rules.ts': 'export const lift = 1;',
      'hinge.test.ts': '',
    };
    expect(forgotten(room)).toEqual([]);
    expect(untested(room)).toEqual([]);
  });

  it('names a file that nothing mentions, a file that is not there, and a room without an index', () => {
    const room = {
      'index.ts': "export * from './abs.ts';\nexport * from './gone.ts';",
      'abs.ts': '',
      'neg.ts': "import { neg } from './neg.ts';",
    };
    expect(forgotten(room)).toEqual(['neg.ts is not exported by index.ts', 'index.ts names gone.ts, which does not exist']);
    expect(forgotten({ 'abs.ts': '' })).toEqual(['index.ts is missing']);
    expect(forgotten({})).toEqual([]);
  });

  it('names ops without cases, with empty cases, with a function that no case builds, and outside the index', () => {
    const room = {
      'index.ts': "export * from './a.ts';\nexport * from './b.ts';\nexport * from './c.ts';",
      'a.ts': op('a', '[]'),
      'b.ts': 'export const bOp = defineOp({});\nexport const b = 1;',
      'c.ts': `export function other(): void {}\n${op('c', "[{ ins: 'any', build: c }]")}`,
      'd.ts': op('d', '[{ build: d }]'),
      'define.ts': 'export function defineOp() {}',
    };
    expect(untested(room)).toEqual([
      'a.ts has no cases',
      'b.ts has no cases',
      'c.ts: no case builds other',
      'd.ts holds an op that index.ts does not export',
    ]);
  });
});
