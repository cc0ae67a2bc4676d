import { Resolver } from 'node:dns/promises';
import { isTimeoutError, type ObserverEvent } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dns, type DnsOptions, type DnsSrvRecord, lookupOf } from '../../src/discovery/dns.ts';
import { isEmptyAnswerError } from '../../src/discovery/index.ts';
import { srvWeights } from '../../src/discovery/srv-weights.ts';
import { followed, idsOf } from './kit.ts';

type Records<T> = T | Error | (() => Promise<T>);
const error = (code: string) => Object.assign(new Error(code), { code });

/** A zone under the test's hand; what is not in it does not exist. */
function zone() {
  const a: Record<string, Records<{ address: string; ttl?: number }[]>> = {};
  const aaaa: typeof a = {};
  const srv: Record<string, Records<DnsSrvRecord[]>> = {};
  const asked: string[] = [];
  const answer = async <T>(records: Record<string, Records<T>>, kind: string, name: string): Promise<T> => {
    asked.push(`${kind} ${name}`);
    const found = records[name];
    if (found === undefined) throw error('ENOTFOUND');
    if (found instanceof Error) throw found;
    return typeof found === 'function' ? (found as () => Promise<T>)() : found;
  };
  const resolver = {
    resolve4: (name: string) => answer(a, 'A', name),
    resolve6: (name: string) => answer(aaaa, 'AAAA', name),
    resolveSrv: (name: string) => answer(srv, 'SRV', name),
  };
  return { a, aaaa, srv, asked, resolver };
}

function named(options: Partial<DnsOptions> = {}) {
  const clock = virtualClock();
  const events: ObserverEvent[] = [];
  const records = zone();
  const source = dns({
    name: 'api.test',
    ...(options.type === 'srv' ? {} : { port: 80 }),
    resolver: records.resolver,
    clock,
    random: () => 0,
    observer: (event) => events.push(event),
    ...options,
  });
  return { clock, events, source, ...records };
}

const addresses = (ttl: number, ...list: string[]) => list.map((address) => ({ address, ttl }));

afterEach(() => void vi.restoreAllMocks());

describe('the addresses of a name', () => {
  it('are endpoints with a name to be called by and an address to dial', async () => {
    const { clock, a, source } = named({ port: 8080 });
    a['api.test'] = addresses(30, '10.0.0.1', '10.0.0.2');
    const one = followed(source);
    await clock.settle();
    expect(one.endpoints).toMatchObject([
      {
        id: '10.0.0.1:8080',
        address: { name: 'api.test', address: '10.0.0.1', port: 8080, family: 4 },
        weight: 1,
        priority: 0,
      },
      { id: '10.0.0.2:8080' },
    ]);
    expect(Object.isFrozen(one.endpoints[0]?.address)).toBe(true);
  });

  it('are asked for again when the TTL has passed, and told only when they changed', async () => {
    const { clock, a, asked, source } = named();
    a['api.test'] = addresses(30, '10.0.0.1', '10.0.0.2');
    const one = followed(source);
    await clock.advance(29_999);
    expect(asked).toHaveLength(1);
    a['api.test'] = addresses(10, '10.0.0.2', '10.0.0.1');
    await clock.advance(1);
    expect(asked).toHaveLength(2);
    a['api.test'] = addresses(10, '10.0.0.2');
    await clock.advance(10_000);
    expect(one.heard).toEqual(['10.0.0.1:80 10.0.0.2:80', '10.0.0.2:80']);
  });

  it('stay the same objects while they say the same', async () => {
    const { clock, a, source } = named();
    a['api.test'] = addresses(1, '10.0.0.1');
    const one = followed(source);
    await clock.settle();
    const [before] = one.endpoints;
    a['api.test'] = addresses(1, '10.0.0.9', '10.0.0.1');
    await clock.advance(1000);
    expect(one.endpoints).toHaveLength(2);
    expect(one.endpoints[1]).toBe(before);
  });

  it('are asked for at the shortest TTL, a little later by chance', async () => {
    const { clock, a, asked, source } = named({ random: () => 0.999 });
    a['api.test'] = [
      { address: '10.0.0.1', ttl: 60 },
      { address: '10.0.0.2', ttl: 20 },
      { address: '10.0.0.3', ttl: 2 },
    ];
    followed(source);
    await clock.advance(2199);
    expect(asked).toHaveLength(1);
    a['api.test'] = addresses(60, '10.0.0.1');
    await clock.advance(1);
    expect(asked).toHaveLength(2);
    // A tenth of the TTL, but half a second at most.
    await clock.advance(60_400);
    expect(asked).toHaveLength(2);
    await clock.advance(100);
    expect(asked).toHaveLength(3);
  });

  it.each([
    ['0', { ttl: 0 }, 1000],
    ['a day', { ttl: 86_400 }, 300_000],
    ['unknown', {}, 30_000],
    ['no number', { ttl: Number.NaN }, 30_000],
  ])('are asked for in bounds when the TTL is %s', async (_, ttl, nextMs) => {
    const { clock, a, asked, source } = named();
    a['api.test'] = [{ address: '10.0.0.1', ...ttl }];
    followed(source);
    await clock.advance(nextMs - 1);
    expect(asked).toHaveLength(1);
    await clock.advance(1);
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['does not exist', error('ENOTFOUND'), 'ENOTFOUND'],
    ['has no such record', error('ENODATA'), 'ENODATA'],
    ['cannot be asked', error('ESERVFAIL'), 'ESERVFAIL'],
    ['answers no list', {} as never, 'map is not a function'],
  ])('stay when the name %s, and are asked for again with backoff', async (_, broken, message) => {
    const { clock, a, asked, source } = named();
    a['api.test'] = addresses(10, '10.0.0.1');
    followed(source);
    await clock.settle();
    a['api.test'] = broken;
    await clock.advance(10_000);
    expect(source.snapshot()).toMatchObject({ state: 'stale', ageMs: 10_000 });
    expect(String(source.snapshot().lastError)).toContain(message);
    expect(idsOf(source)).toBe('10.0.0.1:80');
    await clock.advance(500 + 1000);
    expect(asked).toHaveLength(4);
    a['api.test'] = addresses(10, '10.0.0.2');
    await clock.advance(2000);
    expect(source.snapshot().state).toBe('fresh');
    expect(idsOf(source)).toBe('10.0.0.2:80');
  });

  it('stay when the answer is empty', async () => {
    const { clock, a, source } = named();
    a['api.test'] = addresses(10, '10.0.0.1');
    followed(source);
    await clock.settle();
    a['api.test'] = [];
    await clock.advance(10_000);
    expect(isEmptyAnswerError(source.snapshot().lastError)).toBe(true);
    expect(idsOf(source)).toBe('10.0.0.1:80');
  });

  it('may be ten thousand', async () => {
    const { clock, a, source } = named();
    a['api.test'] = addresses(10, ...Array.from({ length: 10_000 }, (_, n) => `10.1.${n >> 8}.${n & 255}`));
    const one = followed(source);
    await clock.advance(10_000);
    expect(one.endpoints).toHaveLength(10_000);
    expect(one.heard).toHaveLength(1);
  });

  it('that flap each second keep their place for the removal delay', async () => {
    const { clock, a, source } = named({ removalDelayMs: 3000 });
    const one = followed(source);
    for (let second = 0; second < 20; second++) {
      a['api.test'] = addresses(1, '10.0.0.1', ...(second % 2 === 0 ? ['10.0.0.2'] : []));
      await clock.advance(1000);
    }
    expect(one.heard).toEqual(['10.0.0.1:80 10.0.0.2:80']);
    a['api.test'] = addresses(1, '10.0.0.1');
    await clock.advance(4000);
    expect(one.heard.at(-1)).toBe('10.0.0.1:80');
  });

  it('of both families are one list; one family that has none is no failure', async () => {
    const { clock, a, aaaa, events, source } = named({ family: 'any' });
    a['api.test'] = addresses(10, '10.0.0.1');
    aaaa['api.test'] = addresses(5, 'fd00::1');
    const one = followed(source);
    await clock.settle();
    expect(one.endpoints.map(({ address }) => address.family)).toEqual([4, 6]);
    expect(one.heard).toEqual(['10.0.0.1:80 [fd00::1]:80']);
    aaaa['api.test'] = error('ENODATA');
    await clock.advance(5000);
    expect(one.heard.at(-1)).toBe('10.0.0.1:80');
    expect(source.snapshot().state).toBe('fresh');
    expect(events.filter(({ type }) => type !== 'found')).toEqual([]);
  });

  it('of one family that cannot be asked stay, for as long as they may', async () => {
    const { clock, a, aaaa, events, source } = named({ family: 'any', maxAgeMs: 60_000 });
    a['api.test'] = addresses(10, '10.0.0.1');
    aaaa['api.test'] = addresses(10, 'fd00::1');
    followed(source);
    await clock.settle();
    aaaa['api.test'] = error('ESERVFAIL');
    a['api.test'] = addresses(10, '10.0.0.2');
    await clock.advance(50_000);
    expect(idsOf(source)).toBe('10.0.0.2:80 [fd00::1]:80');
    expect(events.find(({ type }) => type === 'lookup-failed')).toMatchObject({
      host: 'api.test',
      reason: 'ESERVFAIL',
      known: 2,
    });
    await clock.advance(10_000);
    expect(idsOf(source)).toBe('10.0.0.2:80');
  });

  it('are stale when one family is empty and the other cannot be asked', async () => {
    const { clock, a, aaaa, source } = named({ family: 'any' });
    a['api.test'] = [];
    aaaa['api.test'] = addresses(10, 'fd00::1');
    followed(source);
    await clock.settle();
    aaaa['api.test'] = error('ESERVFAIL');
    await clock.advance(10_000);
    expect(source.snapshot()).toMatchObject({ state: 'stale', lastError: { code: 'ESERVFAIL' } });
    expect(idsOf(source)).toBe('[fd00::1]:80');
  });

  it('of the sixth family are asked for alone', async () => {
    const { clock, aaaa, asked, source } = named({ family: 6 });
    aaaa['api.test'] = addresses(10, 'fd00::1');
    followed(source);
    await clock.settle();
    expect(asked).toEqual(['AAAA api.test']);
  });

  it('of one family do not wait for the other for longer than four fifths of the time', async () => {
    const { clock, a, aaaa, source } = named({ family: 'any', timeoutMs: 1000 });
    a['api.test'] = addresses(10, '10.0.0.1');
    aaaa['api.test'] = () => new Promise(() => {});
    const one = followed(source);
    await clock.advance(799);
    expect(one.heard).toEqual([]);
    await clock.advance(1);
    expect(one.heard).toEqual(['10.0.0.1:80']);
    await clock.advance(11_000);
    expect(source.snapshot().state).toBe('fresh');
    one.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('are given up after the time for one ask', async () => {
    const { clock, a, source } = named({ timeoutMs: 2000 });
    a['api.test'] = () => new Promise(() => {});
    followed(source);
    await clock.advance(2000);
    expect(isTimeoutError(source.snapshot().lastError)).toBe(true);
    a['api.test'] = addresses(10, '10.0.0.1');
    await clock.advance(500);
    expect(idsOf(source)).toBe('10.0.0.1:80');
  });
});

describe('the services of a name', () => {
  const record = (name: string, more: Partial<DnsSrvRecord> = {}): DnsSrvRecord => ({
    name,
    port: 9000,
    priority: 0,
    weight: 1,
    ...more,
  });

  it('bring port, priority and weight, which the addresses of a host share', async () => {
    const { clock, a, srv, source } = named({ type: 'srv' });
    srv['api.test'] = [
      record('b.test', { port: 2, priority: 5, weight: 10 }),
      record('a.test', { port: 1, weight: 6 }),
    ];
    a['a.test'] = addresses(60, '10.0.0.1', '10.0.0.2');
    a['b.test'] = addresses(60, '10.0.0.3');
    const one = followed(source);
    await clock.settle();
    expect(
      one.endpoints.map(({ id, priority, weight, address }) => [id, priority, weight, address.name]),
    ).toEqual([
      ['10.0.0.1:1', 0, 3, 'a.test'],
      ['10.0.0.2:1', 0, 3, 'a.test'],
      ['10.0.0.3:2', 5, 10, 'b.test'],
    ]);
  });

  it('are asked for again at the shortest TTL of all records', async () => {
    const { clock, a, srv, asked, source } = named({ type: 'srv' });
    srv['api.test'] = [record('a.test'), record('b.test', { ttl: 90 })];
    a['a.test'] = addresses(60, '10.0.0.1');
    a['b.test'] = addresses(40, '10.0.0.2');
    followed(source);
    await clock.advance(39_999);
    expect(asked).toHaveLength(3);
    await clock.advance(1);
    expect(asked).toHaveLength(6);
    srv['api.test'] = [record('a.test', { ttl: 10 })];
    await clock.advance(40_000 + 9999);
    expect(asked).toHaveLength(8);
    await clock.advance(1);
    expect(asked).toHaveLength(10);
  });

  it('lose no host because its addresses cannot be asked for, and are asked for again sooner', async () => {
    const { clock, a, srv, asked, source } = named({ type: 'srv' });
    srv['api.test'] = [record('a.test'), record('b.test'), record('c.test')];
    a['a.test'] = addresses(200, '10.0.0.1');
    a['b.test'] = addresses(10, '10.0.0.2');
    followed(source);
    await clock.settle();
    expect(idsOf(source)).toBe('10.0.0.1:9000 10.0.0.2:9000');
    a['b.test'] = error('ETIMEOUT');
    await clock.advance(10_000);
    expect(idsOf(source)).toBe('10.0.0.1:9000 10.0.0.2:9000');
    expect(source.snapshot().state).toBe('fresh');
    asked.length = 0;
    await clock.advance(30_000);
    expect(asked).toHaveLength(4);
    // That it does not exist is an answer.
    a['b.test'] = error('ENOTFOUND');
    await clock.advance(30_000);
    expect(idsOf(source)).toBe('10.0.0.1:9000');
    a['b.test'] = error('ETIMEOUT');
    await clock.advance(200_000);
    expect(idsOf(source)).toBe('10.0.0.1:9000');
  });

  it('bring back no addresses of a host that was gone in between', async () => {
    const { clock, a, srv, source } = named({ type: 'srv' });
    a['a.test'] = addresses(10, '10.0.0.1');
    a['b.test'] = addresses(10, '10.0.0.2');
    srv['api.test'] = [record('a.test'), record('b.test')];
    followed(source);
    await clock.settle();
    srv['api.test'] = [record('a.test')];
    await clock.advance(10_000);
    srv['api.test'] = [record('a.test'), record('b.test')];
    a['b.test'] = error('ETIMEOUT');
    await clock.advance(10_000);
    expect(idsOf(source)).toBe('10.0.0.1:9000');
  });

  it('are stale when no host can be asked for', async () => {
    const { clock, a, srv, source } = named({ type: 'srv' });
    srv['api.test'] = [record('a.test'), record('b.test')];
    a['a.test'] = addresses(10, '10.0.0.1');
    followed(source);
    await clock.settle();
    a['a.test'] = error('ESERVFAIL');
    await clock.advance(10_000);
    expect(source.snapshot()).toMatchObject({ state: 'stale', lastError: { code: 'ESERVFAIL' } });
    expect(idsOf(source)).toBe('10.0.0.1:9000');
  });

  it.each(['', '.'])('are none when the one host is the root (%j)', async (root) => {
    const { clock, a, srv, source } = named({ type: 'srv' });
    srv['api.test'] = [record('a.test')];
    a['a.test'] = addresses(10, '10.0.0.1');
    followed(source);
    await clock.settle();
    srv['api.test'] = [record(root)];
    await clock.advance(10_000);
    expect(isEmptyAnswerError(source.snapshot().lastError)).toBe(true);
    expect(idsOf(source)).toBe('10.0.0.1:9000');
  });

  it('at one address count once, by the better priority, and the observer is told', async () => {
    const { clock, a, srv, events, source } = named({ type: 'srv' });
    srv['api.test'] = [record('worse.test', { priority: 2 }), record('better.test', { priority: 1 })];
    a['worse.test'] = a['better.test'] = addresses(10, '10.0.0.1');
    const one = followed(source);
    await clock.settle();
    expect(one.endpoints).toMatchObject([{ priority: 1, address: { name: 'better.test' } }]);
    expect(events.filter(({ type }) => type === 'duplicates')).toMatchObject([{ endpoint: '10.0.0.1:9000' }]);
  });

  it('have their hosts looked up a few at a time, each once', async () => {
    const { clock, a, srv, asked, source } = named({ type: 'srv', maxConcurrent: 3 });
    let [out, most] = [0, 0];
    srv['api.test'] = Array.from({ length: 40 }, (_, n) => record(`h${n % 20}.test`, { port: 1 + n }));
    for (let n = 0; n < 20; n++)
      a[`h${n}.test`] = async () => {
        most = Math.max(most, ++out);
        await new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 10));
        out--;
        return addresses(60, `10.0.0.${n}`);
      };
    const one = followed(source);
    await clock.advance(1000);
    expect(most).toBe(3);
    expect(asked).toHaveLength(21);
    expect(one.endpoints).toHaveLength(40);
  });

  it('of which some hosts never answer are those of the others', async () => {
    const { clock, a, srv, source } = named({ type: 'srv', maxConcurrent: 2, timeoutMs: 1000 });
    srv['api.test'] = ['a', 'b', 'c', 'd', 'e'].map((host) => record(`${host}.test`));
    for (const host of ['b', 'c', 'd', 'e']) a[`${host}.test`] = () => new Promise(() => {});
    a['a.test'] = addresses(10, '10.0.0.1');
    followed(source);
    await clock.advance(801);
    expect(idsOf(source)).toBe('10.0.0.1:9000');
  });

  it('are asked for once more when the list of them hangs', async () => {
    const { clock, srv, asked, source } = named({ type: 'srv', timeoutMs: 1000 });
    srv['api.test'] = () => new Promise(() => {});
    followed(source);
    await clock.advance(1500);
    expect(asked).toEqual(['SRV api.test', 'SRV api.test']);
  });

  it('are refused when they are more than may be held', async () => {
    const { clock, srv, asked, source } = named({ type: 'srv', maxEndpoints: 2 });
    srv['api.test'] = ['a', 'b', 'c'].map((name) => record(name));
    followed(source);
    await clock.settle();
    expect(String(source.snapshot().lastError)).toMatch(/at most 2/);
    expect(asked).toEqual(['SRV api.test']);
  });
});

describe('the weights of SRV records', () => {
  const weights = (...list: [priority: number, weight: number][]) => [
    ...srvWeights(list.map(([priority, weight]) => ({ priority, weight }))).values(),
  ];

  it('are those of the endpoints', () => expect(weights([0, 10], [0, 60], [1, 1])).toEqual([10, 60, 1]));

  it('of zero together are the one draw of RFC 2782', () => {
    expect(weights([0, 0], [0, 60])).toEqual([1, 60]);
    expect(weights([0, 0], [0, 0], [0, 60])).toEqual([0.5, 0.5, 60]);
  });

  it('of nothing but zeros in a priority are equal', () => {
    expect(weights([0, 0], [0, 0], [1, 5])).toEqual([1, 1, 5]);
  });

  it('give each record the share of the draws that the algorithm of RFC 2782 gives it', () => {
    const records = [0, 3, 0, 7].map((weight) => ({ priority: 0, weight }));
    const mapped = [...srvWeights(records).values()];
    const total = mapped.reduce((sum, weight) => sum + weight, 0);
    const sum = records.reduce((all, { weight }) => all + weight, 0);
    // Zeros first, in either order: whoever comes first of them is chosen by the draw 0.
    const chosen = [0, 0, 0, 0];
    for (const order of [
      [0, 2, 1, 3],
      [2, 0, 1, 3],
    ]) {
      for (let draw = 0; draw <= sum; draw++) {
        let running = 0;
        const at = order.find((index) => (running += records[index]?.weight ?? 0) >= draw) ?? 0;
        chosen[at] = (chosen[at] ?? 0) + 1;
      }
    }
    expect(mapped.map((weight) => weight / total)).toEqual(chosen.map((times) => times / (2 * (sum + 1))));
  });
});

describe('the resolver of the system', () => {
  function hanging(method: 'resolve4' | 'resolveSrv') {
    const cancel = vi.spyOn(Resolver.prototype, 'cancel').mockImplementation(() => {});
    const made = new Set<unknown>();
    const hang = function (this: unknown) {
      made.add(this);
      return new Promise<never>(() => {});
    };
    const resolve = vi.spyOn(Resolver.prototype, method).mockImplementation(hang);
    return { cancel, resolve, made, clock: virtualClock() };
  }

  it('is made anew for each ask, and cancelled when that is over', async () => {
    const { cancel, resolve, made, clock } = hanging('resolve4');
    const source = dns({ name: 'api.test', port: 80, clock, random: () => 0 });
    expect(made.size).toBe(0);
    const one = followed(source);
    await clock.advance(3999);
    expect(cancel).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(resolve).toHaveBeenCalledWith('api.test', { ttl: true });
    await clock.advance(500);
    expect(made.size).toBe(2);
    one.stop();
    await clock.settle();
    expect(cancel).toHaveBeenCalledTimes(2);
  });

  it('is cancelled also while it is asked for services', async () => {
    const { cancel, clock } = hanging('resolveSrv');
    const one = followed(dns({ name: 'api.test', type: 'srv', clock }));
    await clock.advance(4999);
    expect(cancel).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(cancel).toHaveBeenCalledTimes(1);
    one.stop();
  });
});

describe('a lookup of an address', () => {
  it('answers it for any name, in the shape that is asked for, not at once', async () => {
    const lookup = lookupOf({ name: 'api.test', address: 'fd00::1', port: 443, family: 6 });
    const answers: unknown[] = [];
    lookup('other.test', {}, (...answer) => answers.push(answer));
    lookup('api.test', { all: true }, (...answer) => answers.push(answer));
    expect(answers).toEqual([]);
    await Promise.resolve();
    expect(answers).toEqual([
      [null, 'fd00::1', 6],
      [null, [{ address: 'fd00::1', family: 6 }]],
    ]);
  });
});

describe('the options of dns', () => {
  it.each([
    [{ name: '' }, /dns: name must be a text that is not empty/],
    [{ port: undefined }, /dns: port must be a port from 1 to 65535/],
    [{ port: 0 }, /dns: port must be/],
    [{ port: 70_000 }, /dns: port must be/],
    [{ type: 'srv', port: 80 }, /dns: port must be left out/],
    [{ type: 'mx' }, /dns: type must be 'address' or 'srv'/],
    [{ family: 5 }, /dns: family must be 4, 6 or 'any'/],
    [{ resolver: {} }, /dns: resolver must be something with resolve4\(\)/],
    [{ minTtlMs: 0 }, /dns: minTtlMs must be/],
    [{ minTtlMs: 2000, maxTtlMs: 1000 }, /dns: maxTtlMs must be a number of at least 2000/],
    [{ defaultTtlMs: -1 }, /dns: defaultTtlMs must be/],
    [{ timeoutMs: 0 }, /dns: timeoutMs must be/],
    [{ baseDelayMs: 0 }, /dns: baseDelayMs must be/],
    [{ maxDelayMs: 0 }, /dns: maxDelayMs must be/],
    [{ maxConcurrent: 0 }, /dns: maxConcurrent must be/],
    [{ maxAgeMs: 0 }, /dns: maxAgeMs must be/],
  ])('refuse %j', (option, message) => {
    expect(() => dns({ name: 'api.test', port: 80, ...(option as object) })).toThrow(message);
  });
});
