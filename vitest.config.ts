import { defineConfig } from 'vitest/config';

const source = (path: string): string => new URL(path, import.meta.url).pathname;

/** Suites that change what all share: the global fetch, the module registry, the built package. */
const ALONE = ['test/integration/**/*.test.ts', 'test/house/**/*.test.ts', 'test/examples/**/*.test.ts'];

export default defineConfig({
  resolve: {
    // Tests and examples import the package by its public name, and get its source.
    alias: [
      { find: /^evenkeel$/, replacement: source('./src/index.ts') },
      { find: /^evenkeel\/debug$/, replacement: source('./src/telemetry/debug.ts') },
      { find: /^evenkeel\/dns$/, replacement: source('./src/discovery/dns.ts') },
      { find: /^evenkeel\/file$/, replacement: source('./src/discovery/watched-file.ts') },
      { find: /^evenkeel\/metrics$/, replacement: source('./src/telemetry/metrics.ts') },
      { find: /^evenkeel\/redis$/, replacement: source('./src/cache/redis.ts') },
      { find: /^evenkeel\/otel$/, replacement: source('./src/telemetry/otel.ts') },
      { find: /^evenkeel\/(.+)$/, replacement: source('./src/$1/index.ts') },
    ],
  },
  test: {
    testTimeout: 20_000,
    pool: 'threads',
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        extends: true,
        // One worker for many files: the tests are small, and loading the modules anew for each is most of the time.
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/bench/**', ...ALONE],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
