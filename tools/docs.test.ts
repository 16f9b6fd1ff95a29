import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCodes, gaps } from './docs.ts';
import { root, withProjects } from './project.ts';

const example = ' * @example\n * import { x } from "x";\n';
const check = (files: Readonly<Record<string, string>>): string[] => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stratus-docs-')));
  writeFileSync(
    join(folder, 'tsconfig.json'),
    '{ "compilerOptions": { "module": "nodenext", "strict": true, "noEmit": true, "allowImportingTsExtensions": true, "types": [] }, "include": ["*.ts"] }',
  );
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return withProjects([join(folder, 'tsconfig.json')], ([project]) =>
    gaps(project!, join(folder, 'index.ts'), (path) => !path.endsWith('foreign.ts'), new Set(['bad-value', 'corrupt'])).map(
      ({ at, name, what }) => `${at.split('/').at(-1)} ${name} ${what}`,
    ),
  );
};

describe('docs', () => {
  it('is content with a sentence for types and values, and an example for functions and classes', () => {
    const index = [
      '/** A number. */\nexport const one = 1;',
      '/** A shape. */\nexport interface Shape { a: number }',
      '/** Words. */\nexport type Word = string;',
      `/**\n * Adds. Errors: \`bad-value\`, \`corrupt\`.\n *\n${example} */\nexport function add(a: number): number { return a; }`,
      `/**\n * Subtracts.\n${example} */\nexport const sub = (a: number): number => a;`,
      '/** @internal */\nexport const subOp = () => 1;',
      "export * from './foreign.ts';",
    ].join('\n');
    expect(check({ 'index.ts': index, 'foreign.ts': 'export const undocumented = () => 1;' })).toEqual([]);
  });

  it('reports file and line of what is missing, behind re-exports and namespaces too', () => {
    const files = {
      'index.ts':
        "export * as ops from './ops.ts';\nexport { Model, type Plain } from './model.ts';\n// not a docstring\nexport const bare = 1;\n",
      'ops.ts':
        '/** Adds. */\nexport const add = (a: number): number => a;\nexport function sub(): void {}\n/** @example */\nexport const mul = () => 1;\n',
      'model.ts':
        '\n/** A model. Errors: `no-such-code`, `bad-value`. */\nexport class Model {}\nexport interface Plain { a: 1 }\n',
    };
    expect(check(files).sort()).toEqual([
      'index.ts:4 bare has no docstring',
      'model.ts:3 Model has no @example',
      "model.ts:3 Model names the error 'no-such-code', which errors.ts does not have",
      'model.ts:4 Plain has no docstring',
      'ops.ts:2 ops.add has no @example',
      'ops.ts:3 ops.sub has no docstring',
      'ops.ts:5 ops.mul has no docstring',
    ]);
  });

  it('reads the codes of errors.ts', () => {
    const codes = errorCodes(readFileSync(join(root, 'packages/core/src/errors.ts'), 'utf8'));
    expect([...codes]).toEqual(expect.arrayContaining(['shape-mismatch', 'unknown-name', 'corrupt', 'usage']));
    expect(codes.has('what')).toBe(false);
  });
});
