import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      '@stratus/core': source('packages/core/src/index.ts'),
      stratus: source('packages/stratus/src/index.ts'),
      '#ort': source('packages/core/src/runtime/node/index.ts'),
      '#files': source('packages/core/src/runtime/node/files.ts'),
    },
  },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'packages/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'examples/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    onConsoleLog: () => true,
  },
});
