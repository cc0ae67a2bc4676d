import { type Endpoint, endpoint, isTimeoutError } from 'evenkeel';
import { seededRandom, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { Contacts } from '../../src/discovery/contacts.ts';
import {
  contactPoints,
  type ContactPointsOptions,
  isNoContactError,
  isSourceStoppedError,
} from '../../src/discovery/index.ts';
import { followed, idsOf } from './kit.ts';

/** A cluster whose members know each other; who is down does not answer. */
function cluster(options: Partial<ContactPointsOptions<string>> = {}) {
  const clock = virtualClock();
  const asked: string[] = [];
  const signals: AbortSignal[] = [];
  const state = {
    members: ['m1', 'm2', 'm3'] as unknown,
    down: new Set<string>(),
    silent: new Set<string>(),
  };
  const source = contactPoints<string>({
    seeds: ['s1', 's2'],
    ask: async (address, { signal }) => {
      asked.push(address);
      signals.push(signal);
      if (state.silent.has(address)) await new Promise(() => {});
      if (state.down.has(address)) throw new Error(`${address} is down`);
      return state.members as string[];
    },
    intervalMs: 1000,
    jitter: 0,
    clock,
    random: seededRandom(3),
    ...options,
  });
  /** Whom the next round asks. */
  const round = async (ms = 1000): Promise<string[]> => {
    asked.length = 0;
    await clock.advance(ms);
    return [...asked];
  };
  return { clock, source, state, round, signals };
}

describe('contact points', () => {
  it('begin with the seeds, and go on with whoever is a member', async () => {
    const { source, round } = cluster();
    followed(source);
    expect((await round(0))[0]).toMatch(/^s/);
    expect(idsOf(source)).toBe('m1 m2 m3');
    const [member] = await round();
    expect(member).toMatch(/^m/);
    for (let n = 0; n < 5; n++) expect(await round()).toEqual([member]);
  });

  it('ask another one in the same round when one does not answer, and it last the next time', async () => {
    const { source, state, round } = cluster();
    const one = followed(source);
    await round(0);
    const [first = ''] = await round();
    state.down.add(first);
    const [again, second = ''] = await round();
    expect(again).toBe(first);
    state.down.add(second);
    const third = ['m1', 'm2', 'm3'].find((member) => ![first, second].includes(member)) ?? '';
    expect(await round()).toEqual([second, third]);
    expect(await round()).toEqual([third]);
    expect(one.heard).toEqual(['m1 m2 m3']);
  });

  it('go back to the seeds when no member answers', async () => {
    const { source, state, round } = cluster();
    followed(source);
    await round(0);
    state.down = new Set(['m1', 'm2', 'm3']);
    state.members = ['n1'];
    const asks = await round();
    expect(asks.slice(0, 3).sort()).toEqual(['m1', 'm2', 'm3']);
    expect(asks[3]).toMatch(/^s/);
    expect(asks).toHaveLength(4);
    expect(idsOf(source)).toBe('n1');
    expect(await round()).toEqual(['n1']);
  });

  it('ask no more than so many members and so many seeds in one round', async () => {
    const { source, state, round } = cluster({ maxAttempts: 2, seeds: ['s1', 's2', 's3'] });
    followed(source);
    await round(0);
    state.down = new Set(['m1', 'm2', 'm3', 's1', 's2', 's3']);
    const asks = await round();
    expect(asks.map(([kind]) => kind).join('')).toBe('mmss');
    const { lastError, state: kind } = source.snapshot();
    expect(isNoContactError(lastError) && lastError.asked).toBe(4);
    expect(String((lastError as Error).cause)).toMatch(/is down/);
    expect(kind).toBe('stale');
    expect(idsOf(source)).toBe('m1 m2 m3');
    // The ones that were not asked come before the ones that failed.
    const next = await round(1000);
    expect(next).toContain(['m1', 'm2', 'm3'].find((member) => !asks.includes(member)));
    expect(next).toContain(['s1', 's2', 's3'].find((seed) => !asks.includes(seed)));
  });

  it('ask a seed that is a member only once in a round', async () => {
    const { source, state, round } = cluster({ seeds: ['m1'] });
    followed(source);
    await round(0);
    state.down = new Set(['m1', 'm2', 'm3']);
    expect((await round()).sort()).toEqual(['m1', 'm2', 'm3']);
  });

  it('give each of them its time, and go on', async () => {
    const { clock, source, state, round, signals } = cluster({ timeoutMs: 300 });
    state.silent = new Set(['s1', 's2']);
    followed(source);
    expect(await round(299)).toHaveLength(1);
    await clock.advance(1);
    expect(isTimeoutError(signals[0]?.reason)).toBe(true);
    await clock.advance(300);
    expect(isNoContactError(source.snapshot().lastError)).toBe(true);
  });

  it.each([
    ['an empty list', []],
    ['no list', 'm1'],
    ['too many', ['a', 'b', 'c', 'd', 'e']],
  ])('take who answers %s for one who has not answered', async (_, answer) => {
    const { source, state, round } = cluster({ maxEndpoints: 4 });
    followed(source);
    state.members = answer;
    expect((await round(0)).sort()).toEqual(['s1', 's2']);
    expect(isNoContactError(source.snapshot().lastError)).toBe(true);
  });

  it('stop in the middle of a round when nobody follows any more', async () => {
    const { clock, source, state, round, signals } = cluster();
    state.silent = new Set(['s1', 's2']);
    const one = followed(source);
    expect(await round(0)).toHaveLength(1);
    one.stop();
    expect(await round(60_000)).toEqual([]);
    expect(isSourceStoppedError(signals[0]?.reason)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('hold it against no one that nobody waited for the answer', async () => {
    const { source, state, round } = cluster({ maxAttempts: 1, random: () => 0.5 });
    state.silent = new Set(['s1', 's2']);
    const one = followed(source);
    expect(await round(0)).toEqual(['s1']);
    one.stop();
    followed(source);
    expect(await round(0)).toEqual(['s1']);
  });

  it('forget the failures of who is no member any more', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => endpoint(id)) as [
      Endpoint<string>,
      Endpoint<string>,
      Endpoint<string>,
    ];
    const contacts = new Contacts<string>([], 9, () => 0.5);
    const round = () =>
      contacts
        .round()
        .map(({ address }) => address)
        .join('');
    contacts.answered(c, [a, b, c]);
    contacts.failed(a);
    expect(round()).toBe('cba');
    contacts.answered(c, [b, c]);
    contacts.answered(c, [a, b, c]);
    expect(round()).toBe('cab');
  });

  it('spread their first asks over the seeds, by chance', async () => {
    const random = seededRandom(7);
    const firsts = [];
    for (let client = 0; client < 200; client++) {
      const { source, round } = cluster({ random });
      followed(source);
      firsts.push((await round(0))[0]);
    }
    expect(firsts.filter((seed) => seed === 's1').length).toBeGreaterThan(70);
    expect(firsts.filter((seed) => seed === 's2').length).toBeGreaterThan(70);
  });

  it('hand the address on, and say which attempt it is', async () => {
    const clock = virtualClock();
    const seen: unknown[] = [];
    const source = contactPoints<string>({
      seeds: [endpoint('s', { id: 'seed' })],
      ask: async (address, { attempt, endpoint: to }) => {
        seen.push([address, attempt, to]);
        return [address];
      },
      clock,
    });
    followed(source);
    await clock.settle();
    expect(seen).toEqual([['s', 1, 's']]);
  });

  it.each([
    [{ seeds: [] }, /contactPoints: seeds must be a list of at least one/],
    [{ ask: 1 }, /contactPoints: ask must be a function/],
    [{ maxAttempts: 0 }, /contactPoints: maxAttempts must be/],
    [{ timeoutMs: 0 }, /contactPoints: timeoutMs must be/],
  ])('refuse %j', (option, message) => {
    expect(() => cluster(option as object)).toThrow(message);
  });
});
