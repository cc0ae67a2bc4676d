/** What every store of waiting writes has to do: one in memory, and one in a file that survives its process. */
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, outbox, type Waiting, type WaitingStore } from 'evenkeel/quorum';
import { afterAll, describe, expect, it } from 'vitest';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A line for each change; what is left is what was added and not removed. */
async function fileStore<T>(file: string): Promise<WaitingStore<T>> {
  await appendFile(file, '');
  const all = async (): Promise<Waiting<T>[]> => {
    const left = new Map<string, Waiting<T>>();
    for (const line of (await readFile(file, 'utf8')).split('\n').filter(Boolean)) {
      const change = JSON.parse(line) as { add?: Waiting<T>; remove?: string };
      if (change.add !== undefined) left.set(change.add.id, change.add);
      if (change.remove !== undefined) left.delete(change.remove);
    }
    return [...left.values()];
  };
  await writeFile(file, (await all()).map((add) => `${JSON.stringify({ add })}\n`).join(''));
  return {
    add: (add) => appendFile(file, `${JSON.stringify({ add })}\n`),
    remove: (remove) => appendFile(file, `${JSON.stringify({ remove })}\n`),
    all,
  };
}

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'evenkeel-store-'));
  folders.push(folder);
  return join(folder, 'waiting.jsonl');
}

const entry = (id: string): Waiting<string> => ({ id, lane: 'l', payload: `payload of ${id}`, addedMs: 1 });
const STORES: readonly [string, () => Promise<WaitingStore<string>>][] = [
  ['memoryStore', async () => memoryStore<string>(1_000)],
  ['a file', async () => fileStore<string>(await newFile())],
];

describe.each(STORES)('%s', (_, make) => {
  it('keeps what was added, in its order, until it is removed', async () => {
    const store = await make();
    for (const id of ['a', 'b', 'c']) await store.add(entry(id));
    expect(await store.all()).toEqual(['a', 'b', 'c'].map(entry));
    await store.remove('b');
    await store.remove('b');
    await store.remove('never there');
    expect((await store.all()).map(({ id }) => id)).toEqual(['a', 'c']);
  });

  it('holds an entry that is added twice once', async () => {
    const store = await make();
    await store.add(entry('a'));
    await store.add(entry('a'));
    expect(await store.all()).toHaveLength(1);
  });

  it('serves an outbox', async () => {
    const store = await make();
    const sent: string[] = [];
    const box = outbox<string>({ store, send: async (write) => sent.push(write) });
    await Promise.all(['1', '2', '3'].map((write) => box.add(write)));
    await box.empty();
    expect([sent, await store.all()]).toEqual([['1', '2', '3'], []]);
  });
});

it('what is in a file when a process ends is delivered by the next one', async () => {
  const file = await newFile();
  const first = outbox<string>({
    store: await fileStore<string>(file),
    send: () => Promise.reject(new Error('offline')),
  });
  const ids = [await first.add('a'), await first.add('b')];
  first[Symbol.dispose]();
  const sent: unknown[] = [];
  const second = outbox<string>({
    store: await fileStore<string>(file),
    send: async (write, { idempotencyKey }) => sent.push([write, idempotencyKey]),
  });
  await second.start();
  await second.empty();
  expect(sent).toEqual([
    ['a', ids[0]],
    ['b', ids[1]],
  ]);
});
