import { format } from 'node:util';
import createDebug from 'debug';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

describe('evenkeel/debug', () => {
  const lines: string[] = [];

  beforeEach(() => {
    lines.length = 0;
    vi.resetModules();
    createDebug.log = (...line: unknown[]) => lines.push(format(...line));
  });

  afterEach(() => createDebug.disable());

  it('writes the events of the rooms that DEBUG names, once it is imported, until it is stopped', async () => {
    createDebug.enable('evenkeel:retry');
    const { circuitBreaker, consecutiveFailures, retry } = await import('../../src/index.ts');
    const fail = () => Promise.reject(new Error('boom'));
    const run = () =>
      retry({ maxAttempts: 1, name: 'users' })
        .run(fail)
        .catch(() => {});
    await run();
    expect(lines).toEqual([]);

    const { stop } = await import('../../src/telemetry/debug.ts');
    await run();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/evenkeel:retry[^]*users: gave-up [^]*reason: 'attempts'/);

    // Another room, which was not asked for.
    await circuitBreaker({ trip: consecutiveFailures({ failures: 1 }) })
      .run(fail)
      .catch(() => {});
    expect(lines).toHaveLength(1);

    stop();
    await run();
    expect(lines).toHaveLength(1);
  });

  it('writes no name where there is none', async () => {
    createDebug.enable('evenkeel:*');
    const { retry } = await import('../../src/index.ts');
    const { stop } = await import('../../src/telemetry/debug.ts');
    await retry({ maxAttempts: 1 })
      .run(() => Promise.reject(new Error('boom')))
      .catch(() => {});
    stop();
    expect(lines[0]).toMatch(/evenkeel:retry\S* gave-up /);
  });
});
