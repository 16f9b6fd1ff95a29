import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// What measures time or memory runs after everything else, one file at a time: neighbours on the same cores would be measured too.
const alone = [
  'executor',
  'event-loop',
  'memory',
  'library',
  'buffer-stress',
  'two-trainings',
  'browser',
  'web-gpu',
  'web-gpu-browser',
  'deploy',
  'cli-train',
].map((name) => `packages/*/test/${name}.test.ts`);

export default defineConfig({
  resolve: {
    alias: {
      '@stratus/core': source('packages/core/src/index.ts'),
      'stratus/client': source('packages/stratus/src/client/index.ts'),
      stratus: source('packages/stratus/src/index.ts'),
      '#ort': source('packages/core/src/runtime/node/index.ts'),
      '#files': source('packages/core/src/runtime/node/files.ts'),
    },
  },
  test: {
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000, // what starts PostgreSQL for the tests of a file, while others run, is no quicker than they are
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['packages/*/test/**/*.test.ts', 'packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...alone],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, fileParallelism: false, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
