import { defineConfig } from 'vitest/config';

const source = (path: string): string => new URL(path, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    // Tests and examples import the package by its public name, and get its source.
    alias: [
      { find: /^evenkeel$/, replacement: source('./src/index.ts') },
      { find: /^evenkeel\/debug$/, replacement: source('./src/telemetry/debug.ts') },
      { find: /^evenkeel\/(.+)$/, replacement: source('./src/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/bench/**'],
    testTimeout: 10_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
