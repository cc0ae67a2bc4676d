import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { snippets } from './snippets.ts';

const folder = new URL('../generated/', import.meta.url);
const all = snippets().map(({ place, code }) => ({
  place,
  code,
  file: `${place.replaceAll(/[^\w]+/g, '-')}.ts`,
}));

describe('the examples in docstrings, README and guides', () => {
  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    for (const { file, code } of all) writeFileSync(new URL(file, folder), `${code}\nexport {};\n`);
    const config = {
      extends: '../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['.'],
      exclude: [],
    };
    writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(config));
  });

  it('are many', () => expect(all.length).toBeGreaterThan(20));

  it('compile', () => {
    const tsc = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));
    let said = '';
    try {
      execFileSync(tsc, ['-p', fileURLToPath(folder)], { encoding: 'utf8' });
    } catch (error) {
      said = (error as { stdout: string }).stdout;
    }
    expect(said).toBe('');
  }, 60_000);

  it.each(all)('runs: $place', async ({ file }) => {
    await import(new URL(file, folder).href);
  });
});
