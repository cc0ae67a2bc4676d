/** The house rules, as tests: imports, sizes of files, and what must not be used outside its one place. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { circles, importsOf, violations } from './import-law.ts';
import { sources } from './sources.ts';

const files = sources();

describe('the law of imports', () => {
  it('is kept', () => {
    expect(files.size).toBeGreaterThan(40);
    expect(violations(files)).toEqual([]);
    expect(circles(files)).toEqual([]);
  });

  it.each([
    ['sideways', 'cache/planted.ts', "import { retry } from '../policies/retry.ts';"],
    ['sideways, for a type only', 'health/planted.ts', "import type { Cost } from '../balancer/cost.ts';"],
    ['up', 'core/planted.ts', "import { balance } from '../balancer/balance.ts';"],
    [
      'up, from the structures to the core',
      'structures/planted.ts',
      "import type { Clock } from '../core/clock.ts';",
    ],
    ['through a door', 'presets/planted.ts', "import { balance } from '../balancer/index.ts';"],
    ['sideways between the top rooms', 'testing/planted.ts', "import { x } from '../presets/x.ts';"],
    ['not through its one door', 'cache/planted.ts', "import { LRUCache } from 'lru-cache';"],
    ['a node module', 'core/planted.ts', "import { readFileSync } from 'node:fs';"],
    ['to what only Node runs', 'discovery/planted.ts', "import { dns } from './dns.ts';"],
    ['over several lines', 'quorum/planted.ts', "import {\n  a,\n  b,\n} from '../health/x.ts';"],
    ['re-exported', 'quorum/planted.ts', "export { a } from '../health/x.ts';"],
    ['dynamically', 'quorum/planted.ts', "const x = await import('../health/x.ts');"],
  ])('is seen broken: %s', (_, file, source) => {
    expect(violations(new Map([[file, source]]))).toHaveLength(1);
  });

  it('sees a circle', () => {
    const planted = new Map([
      ['core/a.ts', "import { b } from './b.ts';"],
      ['core/b.ts', "import type { a } from './a.ts';"],
    ]);
    expect(circles(planted)).toEqual(['core/a.ts → core/b.ts → core/a.ts']);
  });

  it('holds at the front door: no testing, no node-only files, no code', () => {
    const door = files.get('index.ts') ?? '';
    expect(
      importsOf(door).filter((from) => /testing|telemetry\/debug|discovery\/(?:dns|watched-file)/.test(from)),
    ).toEqual([]);
    const code = door
      .replaceAll(/\/\*[^]*?\*\//g, '')
      .replaceAll(/export (?:type )?\{[^}]*\} from '[^']+';/g, '');
    expect(code.trim()).toBe('');
  });
});

describe('the sources', () => {
  const banned: [what: string, pattern: RegExp, allowed: string[]][] = [
    ['time outside the clock', /\b(?:Date\.now|performance\.now)\b/, ['core/clock.ts']],
    [
      'timers outside the clock',
      /(?<![.\w])(?:setTimeout|clearTimeout|setInterval|setImmediate)\(/,
      ['core/clock.ts', 'testing/virtual-clock.ts'],
    ],
    ['chance outside its port', /Math\.random/, ['core/random.ts']],
    ['helpers that leak', /AbortSignal\.(?:any|timeout)\(|Promise\.race\(/, []],
    ['a console', /\bconsole\./, []],
    ['an any', /[:<]\s*any\b|\bas any\b/, []],
  ];

  it.each(banned)('hold no %s', (_, pattern, allowed) => {
    const code = (text: string) => text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/\/\/.*$/gm, '');
    const found = [...files].filter(([file, text]) => !allowed.includes(file) && pattern.test(code(text)));
    expect(found.map(([file]) => file)).toEqual([]);
  });

  it('keep each file on few screens: at most 300 lines, half of them under 120', () => {
    const lengths = [...files].map(([file, text]) => [file, text.split('\n').length] as const);
    expect(lengths.filter(([, length]) => length > 300)).toEqual([]);
    const sorted = lengths.map(([, length]) => length).sort((a, b) => a - b);
    expect(sorted[sorted.length >> 1]).toBeLessThan(120);
  });

  it('say at the head of each file what it is', () => {
    const silent = [...files].filter(([, text]) => !text.includes('/**'));
    expect(silent.map(([file]) => file)).toEqual([]);
  });

  it('have a subpath for each room’s door', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      exports: Record<string, { default: string }>;
    };
    const doors = [...files.keys()].filter((file) => file.endsWith('/index.ts'));
    const exported = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [] : [entry.default],
    );
    for (const door of doors) expect(exported).toContain(`./dist/${door.replace('.ts', '.js')}`);
    for (const file of exported)
      expect(files.has(file.replace('./dist/', '').replace('.js', '.ts')), file).toBe(true);
  });
});
