import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { complaint, importsOf, rooms } from './boundaries.ts';
import { withProjects } from './project.ts';

const core = 'packages/core/src';
const check = (file: string, specifier: string): string | undefined => complaint({ file, line: 1, specifier });

describe('boundaries', () => {
  it('lets a room import the index of the rooms below it, the shared words, and its own files', () => {
    expect(check(`${core}/ops/add.ts`, '../graph/index.ts')).toBeUndefined();
    expect(check(`${core}/ops/add.ts`, './sub.ts')).toBeUndefined();
    expect(check(`${core}/nn/init/zeros.ts`, '../../tensor/index.ts')).toBeUndefined();
    expect(check(`${core}/nn/init/zeros.ts`, '../layer.ts')).toBeUndefined();
    expect(check(`${core}/ops/add.ts`, '../errors.ts')).toBeUndefined();
    expect(check(`${core}/train/model.ts`, '../version.ts')).toBeUndefined();
    expect(check(`${core}/index.ts`, './ops/index.ts')).toBeUndefined();
    expect(check(`${core}/index.ts`, './nn/init/index.ts')).toBeUndefined();
    expect(check(`${core}/runtime/node/files.ts`, 'node:fs/promises')).toBeUndefined();
    expect(check(`${core}/runtime/node/driver.ts`, 'koffi')).toBeUndefined();
    expect(check(`${core}/runtime/web/driver.ts`, 'onnxruntime-web/webgpu')).toBeUndefined();
    expect(check(`${core}/platform/ort.ts`, '../runtime/executor.ts')).toBeUndefined();
    expect(check('packages/stratus/src/cli/train.ts', '../data/index.ts')).toBeUndefined();
    expect(check('packages/stratus/src/cli/train.ts', '@stratus/core')).toBeUndefined();
    expect(check('packages/core/test/x.test.ts', '../src/ops/add.ts')).toBeUndefined();
  });

  it.each([
    ['upwards', `${core}/ops/add.ts`, '../grad/index.ts', "'ops' may import tensor, graph, but not 'grad'"],
    ['past the door', `${core}/ops/add.ts`, '../graph/value.ts', 'goes past graph/index.ts'],
    ['past the door from the root', `${core}/index.ts`, './ops/add.ts', 'goes past ops/index.ts'],
    ['the public surface from within', `${core}/train/fit.ts`, '../index.ts', 'the public surface is for users'],
    ['Node in core', `${core}/train/fit.ts`, 'node:fs', 'only runtime/node may use Node'],
    ['Node in the browser runtime', `${core}/runtime/web/files.ts`, 'node:fs', 'only runtime/node may use Node'],
    ['the engine outside runtime', `${core}/train/fit.ts`, 'onnxruntime-web/webgpu', 'only the room runtime names the engine'],
    [
      'the engine in the platform',
      'packages/stratus/src/serve/app.ts',
      'onnxruntime-node',
      'only the room runtime names the engine',
    ],
    ['deep into core', 'packages/stratus/src/serve/app.ts', '@stratus/core/dist/ops/add.js', 'its only entry'],
    ['core by path', 'packages/stratus/src/serve/app.ts', '../../../core/src/index.ts', "leaves the package's src"],
    ['itself by name', `${core}/train/fit.ts`, '@stratus/core', 'does not import itself'],
    ['platform from core', `${core}/train/fit.ts`, 'stratus', 'does not import itself'],
    ['a room that is not in the table', `${core}/misc/x.ts`, '../ops/index.ts', "the room 'misc' is not in tools/boundaries.ts"],
    [
      'serving from files',
      'packages/stratus/src/files/csv.ts',
      '../serve/index.ts',
      "'files' may import no room, but not 'serve'",
    ],
  ])('refuses %s', (_, file, specifier, sentence) => {
    expect(check(file, specifier)).toContain(sentence);
  });

  it('has a table without cycles that names only rooms of the table', () => {
    for (const table of Object.values(rooms)) {
      const seen = new Set<string>();
      const visit = (room: string, path: readonly string[]): void => {
        expect(table[room], `${room} is in the table`).toBeDefined();
        expect(path, `a cycle: ${[...path, room].join(' -> ')}`).not.toContain(room);
        for (const next of table[room]!) visit(next, [...path, room]);
        seen.add(room);
      };
      for (const room of Object.keys(table)) visit(room, []);
      expect(seen.size).toBe(Object.keys(table).length);
    }
  });

  it('sees type imports, re-exports, dynamic imports and import types, but not those in comments and strings', () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stratus-boundaries-')));
    const write = (path: string, text: string): void => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    write(
      'tsconfig.json',
      '{ "compilerOptions": { "module": "nodenext", "noEmit": true, "allowImportingTsExtensions": true, "types": [] }, "include": ["*.ts"] }',
    );
    write('b.ts', 'export type B = 1; export const b = 1;');
    write(
      'a.ts',
      [
        '/** import { x } from "in-a-comment"; */',
        "import type { B } from './b.ts';",
        "export { b } from './b.ts?1';",
        "export const later = () => import('later');",
        "export type C = import('typed').C;",
        "export const text = `import { x } from 'in-a-string'`;",
        'export type D = B;',
      ].join('\n'),
    );
    const found = withProjects([join(folder, 'tsconfig.json')], ([project]) =>
      importsOf(project!, (path) => path.endsWith('a.ts')),
    );
    const rows = found.map(({ line, specifier }) => [line, specifier]);
    expect(rows.sort()).toEqual([
      [2, './b.ts'],
      [3, './b.ts?1'],
      [4, 'later'],
      [5, 'typed'],
    ]);
  });
});
