/** What an import ships, and what it does by itself: nothing. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The files that a bundle of this code is made of. */
async function inputsOf(contents: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents, resolveDir: root, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {}).flatMap(([file, { bytesInOutput }]) =>
    bytesInOutput > 0 ? [file] : [],
  );
}

/** Of those, the packages they come from. */
async function packagesOf(contents: string): Promise<string[]> {
  const inputs = await inputsOf(contents);
  const names = inputs.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return [...new Set(names)].sort();
}

const front = (names: string) => `export { ${names} } from './src/index.ts';`;

describe('a bundle', () => {
  it.each([
    ['balance, p2c, peakEwma', []],
    ['timeout, retry, circuitBreaker, bulkhead', []],
    ['quorumRead, quorumWrite, agree', []],
    ['coalescingCache', ['lru-cache']],
    ['polling, watching, contactPoints, ranked, merged', []],
    ['healthTracker', ['p-limit', 'yocto-queue']],
    ['resilientFetch', ['lru-cache', 'p-limit', 'yocto-queue']],
  ])('of { %s } ships of other packages only %j', async (names, packages) => {
    expect(await packagesOf(front(names))).toEqual(packages);
  });

  it('of evenkeel/debug ships debug and ms', async () => {
    expect(await packagesOf("export { stop } from './src/telemetry/debug.ts';")).toEqual(['debug', 'ms']);
  });

  it.each([
    ['timeout', /(?:balancer|health|cache|quorum|fetch|presets|testing|telemetry)\//],
    ['balance, p2c, peakEwma', /(?:policies|health\/|cache|quorum|fetch|presets|testing|telemetry)\//],
    ['coalescingCache', /(?:policies|balancer|health\/|quorum|fetch|presets|testing|telemetry)\//],
  ])('of { %s } holds no other room', async (names, others) => {
    const files = (await inputsOf(front(names))).map((file) => file.replace(/^.*src\//, ''));
    expect(files.filter((file) => others.test(file))).toEqual([]);
  });
});

describe('using', () => {
  it('is compiled to a helper of tslib, not to one of its own', () => {
    const source = readFileSync(new URL('../../src/testing/virtual-clock.ts', import.meta.url), 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ES2022,
        importHelpers: true,
      },
    });
    expect(outputText).toMatch(/import \{[^}]*__addDisposableResource[^}]*\} from "tslib"/);
    expect(outputText).not.toMatch(/\busing _turn\b|var __addDisposableResource/);
  });

  it('is compiled so by this project’s own settings', () => {
    const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, 'utf8')) as {
      config: { compilerOptions: Record<string, unknown> };
    };
    expect(config.compilerOptions).toMatchObject({ target: 'ES2022', importHelpers: true });
  });
});

describe('importing the front door', () => {
  afterEach(() => vi.restoreAllMocks());

  it('starts no timer, reads no clock, draws no number and listens to nothing', async () => {
    vi.resetModules();
    const work: string[] = [];
    // The test runner does some of these itself: only what the sources do counts.
    const spy = (holder: object, name: string) => {
      const original = (holder as Record<string, (...args: unknown[]) => unknown>)[name];
      vi.spyOn(holder as Record<string, () => unknown>, name).mockImplementation((...args: unknown[]) => {
        if (new Error('stack').stack?.includes(`${root}src/`) === true) work.push(name);
        return original?.apply(holder, args);
      });
    };
    for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch'])
      spy(globalThis, name);
    for (const holder of [performance, Date]) spy(holder, 'now');
    spy(Math, 'random');
    spy(process, 'on');
    spy(EventTarget.prototype, 'addEventListener');

    const door = await import('../../src/index.ts');
    expect(Object.keys(door).length).toBeGreaterThan(30);
    expect(work).toEqual([]);
    // It would have been seen.
    door.systemClock.clearTimeout(door.systemClock.setTimeout(() => {}, door.systemClock.now()));
    door.systemRandom();
    expect(work).toEqual(['now', 'setTimeout', 'random']);
  });
});
