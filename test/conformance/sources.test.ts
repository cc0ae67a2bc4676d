/** The port of endpoint sources, held by every source. */
import {
  contactPoints,
  type Endpoint,
  type EndpointSource,
  type Follower,
  merged,
  polling,
  ranked,
  staticEndpoints,
  watching,
} from 'evenkeel';
import { dns } from 'evenkeel/dns';
import { seededRandom, virtualClock, type VirtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

const HOSTS = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

const sources: [string, (clock: VirtualClock) => EndpointSource<unknown>][] = [
  ['staticEndpoints', () => staticEndpoints(HOSTS)],
  ['polling', (clock) => polling({ list: async () => HOSTS, clock, random: seededRandom(1) })],
  [
    'watching',
    (clock) =>
      watching<string>({
        watch: async function* () {
          yield HOSTS;
          await new Promise(() => {});
        },
        clock,
        random: seededRandom(1),
      }),
  ],
  [
    'contactPoints',
    (clock) =>
      contactPoints<string>({ seeds: ['10.0.0.9'], ask: async () => HOSTS, clock, random: seededRandom(1) }),
  ],
  [
    'ranked',
    (clock) => ranked([polling({ list: async () => HOSTS, clock, random: seededRandom(1) })], { clock }),
  ],
  [
    'merged',
    (clock) => merged([staticEndpoints(HOSTS.slice(0, 2)), staticEndpoints(HOSTS.slice(1))], { clock }),
  ],
  [
    'dns',
    (clock) =>
      dns({
        name: 'api.test',
        port: 80,
        resolver: {
          resolve4: async () => HOSTS.map((address) => ({ address, ttl: 30 })),
          resolve6: async () => [],
          resolveSrv: async () => [],
        },
        clock,
        random: seededRandom(1),
      }),
  ],
];

/** A follower that takes down what it is told. */
function follower() {
  const found: (readonly Endpoint<unknown>[])[] = [];
  const told: Follower<unknown> = {
    found: (endpoints) => void found.push(endpoints),
    failed() {},
    lost() {},
  };
  return { found, told };
}

describe.each(sources)('the source %s', (_, make) => {
  it('does nothing until it is followed', async () => {
    const clock = virtualClock();
    make(clock);
    await clock.settle();
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells its follower who exists: at least one, each identity once', async () => {
    const clock = virtualClock();
    const { found, told } = follower();
    const stop = make(clock).follow(told);
    await clock.advance(100);
    const last = found.at(-1) ?? [];
    expect(last.length).toBe(3);
    expect(new Set(last.map(({ id }) => id)).size).toBe(3);
    stop();
  });

  it('tells a second follower of what is known at once', async () => {
    const clock = virtualClock();
    const source = make(clock);
    const stop = source.follow(follower().told);
    await clock.advance(100);
    const { found, told } = follower();
    const stopToo = source.follow(told);
    expect(found.length).toBe(1);
    stop();
    stopToo();
  });

  it('tells nothing more, and keeps no timer, once all have stopped; stopping twice is once', async () => {
    const clock = virtualClock();
    const source = make(clock);
    const { found, told } = follower();
    const stop = source.follow(told);
    const stopToo = source.follow(follower().told);
    await clock.advance(100);
    stop();
    stop();
    const before = found.length;
    stopToo();
    await clock.advance(600_000);
    expect(found.length).toBe(before);
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on for the others when a follower throws', async () => {
    const clock = virtualClock();
    const source = make(clock);
    const broken = {
      found: () => {
        throw new Error('follower');
      },
      failed() {},
      lost() {},
    };
    const stop = source.follow(broken);
    const { found, told } = follower();
    const stopToo = source.follow(told);
    await clock.advance(100);
    expect(found.length).toBeGreaterThan(0);
    stop();
    stopToo();
  });

  it('begins again for who follows it later', async () => {
    const clock = virtualClock();
    const source = make(clock);
    source.follow(follower().told)();
    const { found, told } = follower();
    const stop = source.follow(told);
    await clock.advance(100);
    expect(found.at(-1)?.length).toBe(3);
    stop();
  });
});
