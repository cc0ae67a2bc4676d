/** A watched file on a real file system: written, replaced, linked, broken, deleted. */
import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObserverEvent } from 'evenkeel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiscoverySource } from '../../src/discovery/index.ts';
import { Directory } from '../../src/discovery/directory.ts';
import { watchedFile, type WatchedFileOptions } from '../../src/discovery/watched-file.ts';
import { Reporter } from '../../src/core/observer.ts';
import { until } from '../discovery/dns-process.ts';
import { followed, idsOf } from '../discovery/kit.ts';

let folder = '';
const sources: DiscoverySource<string>[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(await realpath(tmpdir()), 'evenkeel-'));
});

afterEach(async () => {
  for (const source of sources.splice(0)) source.dispose();
  await rm(folder, { recursive: true });
});

const list = (...addresses: string[]): string => JSON.stringify(addresses);

/** So rarely read by itself that what is seen was told by the directory. */
function watched(path: string, options: Partial<WatchedFileOptions> = {}) {
  const source = watchedFile({ path, intervalMs: 3_600_000, ...options });
  sources.push(source);
  return Object.assign(followed(source), { source });
}

describe('a watched file', () => {
  it('is seen to change when it is written, and when another is renamed into its place', async () => {
    const path = join(folder, 'endpoints.json');
    await writeFile(path, list('a'));
    const one = watched(path);
    await until(() => one.heard.length === 1);
    await writeFile(path, list('a', 'b'));
    await until(() => idsOf(one.source) === 'a b');
    for (const id of ['c', 'd']) {
      await writeFile(join(folder, 'new'), list(id));
      await rename(join(folder, 'new'), path);
      await until(() => idsOf(one.source) === id);
    }
    expect(one.source.snapshot().state).toBe('fresh');
  });

  it('is seen to change when a link beside it is swapped, as Kubernetes does', async () => {
    for (const [version, id] of [
      ['v1', 'a'],
      ['v2', 'b'],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'endpoints.json'), list(id));
    }
    await symlink('v1', join(folder, '..data'));
    await symlink('..data/endpoints.json', join(folder, 'endpoints.json'));
    const one = watched(join(folder, 'endpoints.json'));
    await until(() => idsOf(one.source) === 'a');
    await symlink('v2', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await until(() => idsOf(one.source) === 'b');
  });

  it.each([
    ['empty', '', 'SyntaxError'],
    ['half written', '["a", "b', 'SyntaxError'],
    ['an empty list', '[]', 'EmptyAnswerError'],
    ['no list', '{}', 'OptionError'],
    ['wrong in one entry', '["b", { "weight": 2 }]', 'OptionError'],
  ])('keeps the last good list while it is %s', async (_, text, name) => {
    const path = join(folder, 'endpoints.json');
    await writeFile(path, list('a'));
    const one = watched(path);
    await until(() => idsOf(one.source) === 'a');
    await writeFile(path, text);
    await until(
      () => one.source.snapshot().state === 'stale' && one.source.snapshot().lastError !== undefined,
    );
    // It may have been seen while it was being written.
    await until(() => (one.source.snapshot().lastError as Error).name === name);
    expect(idsOf(one.source)).toBe('a');
    await writeFile(path, list('b'));
    await until(() => idsOf(one.source) === 'b');
  });

  it('is found when it comes later, and again after it was deleted with its directory', async () => {
    const inner = join(folder, 'inner');
    const path = join(inner, 'endpoints.json');
    const events: ObserverEvent[] = [];
    const one = watched(path, { baseDelayMs: 20, intervalMs: 200, observer: (event) => events.push(event) });
    await until(() => one.heard.length > 0);
    expect(one.source.snapshot()).toMatchObject({ state: 'waiting', lastError: { code: 'ENOENT' } });
    expect(events).toContainEqual(expect.objectContaining({ type: 'watch-failed', reason: 'ENOENT' }));
    await mkdir(inner);
    await writeFile(path, list('a'));
    await until(() => idsOf(one.source) === 'a');
    await rm(inner, { recursive: true });
    await until(() => one.source.snapshot().state === 'stale');
    expect(idsOf(one.source)).toBe('a');
    await mkdir(inner);
    await writeFile(path, list('b'));
    await until(() => idsOf(one.source) === 'b');
  });

  it('is read every so often, where its directory does not tell', async () => {
    await mkdir(join(folder, 'elsewhere'));
    const real = join(folder, 'elsewhere', 'real.json');
    const path = join(folder, 'endpoints.json');
    await writeFile(real, list('a'));
    await symlink(real, path);
    const one = watched(path, { intervalMs: 50 });
    await until(() => idsOf(one.source) === 'a');
    await writeFile(real, list('b'));
    await until(() => idsOf(one.source) === 'b');
  });

  it('watches nothing any more when it is left in the middle of a read', async () => {
    const path = join(folder, 'missing', 'endpoints.json');
    let failures = 0;
    const left = watchedFile({
      path,
      observer: ({ type }) => {
        if (type === 'watch-failed') failures++;
        left.dispose();
      },
    });
    left.follow({ found: () => {}, failed: () => {}, lost: () => {} });
    await until(() => failures > 0);
    // What begins later has been read: so has what was left.
    const other = watched(path);
    await until(() => other.heard.length > 0);
    expect(failures).toBe(1);
  });

  it('tells nobody any more when nobody follows', async () => {
    const path = join(folder, 'endpoints.json');
    await writeFile(path, list('a'));
    const one = watched(path);
    await until(() => one.heard.length === 1);
    one.stop();
    const other = watched(path);
    await until(() => other.heard.length === 1);
    await writeFile(path, list('b'));
    await until(() => other.heard.includes('b'));
    expect(one.heard).toEqual(['a']);
    expect(one.source.snapshot().state).toBe('idle');
  });
});

describe('a directory under watch', () => {
  it('is watched once, until its end', async () => {
    let [first, second] = [0, 0];
    const reporter = new Reporter('test', {});
    const one = new Directory(folder, () => first++, reporter);
    const two = new Directory(folder, () => second++, reporter);
    for (const directory of [one, two]) {
      directory.begin();
      directory.begin();
    }
    await writeFile(join(folder, 'x'), '1');
    await until(() => first > 0 && second > 0);
    one.end();
    one.end();
    const before = [first, second];
    await writeFile(join(folder, 'y'), '1');
    await until(() => second > (before[1] ?? 0));
    expect(first).toBe(before[0]);
    two.end();
  });
});
