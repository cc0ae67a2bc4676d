/** The invalidation bus against a connection that the test plays by hand: what arrives when, and what breaks off. */
import { describe, expect, it } from 'vitest';
import { Bus } from '../../../src/cache/redis/bus.ts';

/** A server's log and count, and one listener on it. */
function bench() {
  const log: string[] = [];
  const reads: ((broken?: boolean) => void)[] = [];
  let [message, ready] = [(_text: string): void => {}, (): void => {}];
  const connection = {
    send: (command: string): Promise<unknown> =>
      command === 'LRANGE'
        ? new Promise((resolve, reject) =>
            reads.push((broken) =>
              broken === true ? reject(new Error('gone')) : resolve([...log].reverse()),
            ),
          )
        : Promise.resolve(1),
    hear: (_channel: string, onMessage: typeof message, onReady: typeof ready) => {
      [message, ready] = [onMessage, onReady];
      return () => {};
    },
  };
  const heard: string[] = [];
  const bus = new Bus({ connection, channel: 'bus', id: 'me', logLength: 3 });
  bus.follow({
    removed: (key) => heard.push(key),
    invalidated: (tag) => heard.push(`tag ${tag}`),
    cleared: () => heard.push('all'),
    lost: () => heard.push('lost'),
  });
  let count = 0;
  return {
    heard,
    log,
    ready: () => ready(),
    /** Answers the oldest look at the log that is under way. */
    read: async (broken?: boolean) => {
      reads.shift()?.(broken);
      await new Promise(setImmediate);
    },
    looks: () => reads.length,
    /** Something is said: written to the log, and heard if the connection stands. */
    say: (what: unknown, arrives = true) => {
      const text = `${++count} ${typeof what === 'string' ? what : JSON.stringify(what)}`;
      log.push(text);
      if (log.length > 3) log.shift();
      if (arrives) message(text);
    },
    restart: () => {
      log.length = count = 0;
    },
  };
}

describe('the bus', () => {
  it('says first that something may have been missed, and then what is said', async () => {
    const { heard, ready, read, say } = bench();
    say(['other', 'key', 'before'], false);
    ready();
    await read();
    say(['other', 'key', 'a']);
    say(['me', 'key', 'mine']);
    say(['other', 'tag', 't']);
    say(['other', 'all', '']);
    expect(heard).toEqual(['lost', 'a', 'tag t', 'all']);
  });

  it('finds out what it missed from the next message, and from a reconnect', async () => {
    const { heard, ready, read, say, looks } = bench();
    ready();
    await read();
    say(['other', 'key', 'missed'], false);
    say(['other', 'key', 'heard']);
    expect([heard, looks()]).toEqual([['lost'], 1]);
    await read();
    expect(heard).toEqual(['lost', 'missed', 'heard']);
    say(['other', 'key', 'again'], false);
    ready();
    await read();
    expect(heard.slice(3)).toEqual(['again']);
    ready();
    await read();
    expect(heard).toHaveLength(4);
  });

  it('says that something was lost when the log does not reach far enough, or the server began anew', async () => {
    const { heard, ready, read, say, restart } = bench();
    ready();
    await read();
    for (const key of ['a', 'b', 'c', 'd']) say(['other', 'key', key], false);
    ready();
    await read();
    expect(heard).toEqual(['lost', 'lost']);
    restart();
    ready();
    await read();
    expect(heard).toEqual(['lost', 'lost', 'lost']);
    say(['other', 'key', 'on']);
    expect(heard.at(-1)).toBe('on');
  });

  it('looks once more when a message came while it looked, before it knew where it stood', async () => {
    const { heard, ready, read, say, looks, log } = bench();
    ready();
    // The log was read before these were said, and the answer comes after them.
    say(['other', 'key', 'a'], false);
    say(['other', 'key', 'b']);
    log.length = 0;
    await read();
    expect(looks()).toBe(1);
    log.push('1 ["other","key","a"]', '2 ["other","key","b"]');
    await read();
    expect(heard).toEqual(['lost', 'a', 'b']);
  });

  it('says a message once that comes while it looks for those before it', async () => {
    const { heard, ready, read, say } = bench();
    ready();
    await read();
    say(['other', 'key', 'a']);
    ready();
    say(['other', 'key', 'b']);
    await read();
    expect(heard).toEqual(['lost', 'a', 'b']);
  });

  it('looks anew after a look that broke off, when it is ready again', async () => {
    const { heard, ready, read, say } = bench();
    ready();
    await read(true);
    expect(heard).toEqual([]);
    ready();
    ready();
    await read();
    await read();
    say(['other', 'key', 'a']);
    expect(heard).toEqual(['lost', 'a']);
  });

  it.each(['no JSON', '{}', '[]', '["other"]', '["other","weather","fine"]', 'null'])(
    'takes %s for nothing',
    async (text) => {
      const { heard, ready, read, say } = bench();
      ready();
      await read();
      say(text);
      say(['other', 'key', 'a']);
      expect(heard).toEqual(['lost', 'a']);
    },
  );
});
