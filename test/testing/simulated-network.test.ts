import { isOptionError, quorumWrite, type Random } from 'evenkeel';
import { seededRandom, simulatedNetwork, type SimulatedNetworkOptions, virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';

/** A network with one node that remembers what it was sent, and answers how many that are. */
function oneNode(options: Partial<SimulatedNetworkOptions> = {}) {
  const clock = virtualClock();
  const network = simulatedNetwork({ clock, random: seededRandom(1), delayMs: 5, ...options });
  const node = network.node('n', {
    disk: (): string[] => [],
    handle: (disk, request: string) => disk.push(request),
  });
  const answers: unknown[] = [];
  const send = (request: string, from = 'c'): void => {
    node.send(from, request).then(
      (value) => answers.push(value),
      (error: { code?: string }) => answers.push(error.code ?? error),
    );
  };
  return { clock, network, node, answers, send };
}

describe('a message', () => {
  it('takes its time there and back', async () => {
    const { clock, node, answers, send } = oneNode();
    send('a');
    await clock.advance(4);
    expect(node.disk).toEqual([]);
    await clock.advance(1);
    expect(node.disk).toEqual(['a']);
    await clock.advance(4);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual([1]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is lost as often as it is told, with its answer never coming', async () => {
    const { clock, network, node, answers, send } = oneNode({ loss: 0.25 });
    for (let n = 0; n < 1_000; n++) send('x');
    await clock.advance(100);
    expect(node.disk.length).toBeGreaterThan(710);
    expect(node.disk.length).toBeLessThan(790);
    expect(answers.length / node.disk.length).toBeCloseTo(0.75, 1);
    const { sent, delivered, lost } = network.snapshot();
    expect(delivered + lost).toBe(sent);
  });

  it('arrives twice as often as it is told, and is answered once', async () => {
    const { clock, network, node, answers, send } = oneNode({ duplication: 0.5 });
    for (let n = 0; n < 400; n++) send('x');
    await clock.advance(100);
    expect(node.disk.length).toBeGreaterThan(550);
    expect(node.disk.length).toBeLessThan(650);
    expect(answers).toHaveLength(400);
    expect(network.snapshot().doubled).toBeGreaterThan(node.disk.length - 400);
  });

  it.each([
    ['any', false],
    ['per-link', true],
  ] as const)('overtakes others if order is %s', async (order, inOrder) => {
    const { clock, node, send } = oneNode({ order, delayMs: (random: Random) => 100 * random() });
    const sent = Array.from({ length: 20 }, (_, n) => String(n));
    for (const request of sent) send(request);
    await clock.advance(500);
    expect([...node.disk].sort()).toEqual([...sent].sort());
    expect(node.disk.join() === sent.join()).toBe(inOrder);
  });

  it('goes on after an abort, which only the waiting heeds', async () => {
    const { clock, node } = oneNode();
    const caller = new AbortController();
    const call = node.send('c', 'a', { signal: caller.signal }).catch((error: unknown) => error);
    caller.abort('gone');
    expect(await call).toBe('gone');
    expect(await node.send('c', 'b', { signal: caller.signal }).catch((error: unknown) => error)).toBe(
      'gone',
    );
    await clock.advance(100);
    expect(node.disk).toEqual(['a']);
  });

  it('is the same in every run of one seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const { clock, node, answers, send } = oneNode({
        random: seededRandom(seed),
        delayMs: (random) => 50 * random(),
        loss: 0.2,
        duplication: 0.2,
      });
      for (let n = 0; n < 50; n++) send(String(n));
      await clock.advance(500);
      return `${node.disk.join()} ${answers.join()}`;
    };
    expect(await run(3)).toBe(await run(3));
    expect(await run(3)).not.toBe(await run(4));
  });
});

describe('a partition', () => {
  it('lets pass what stays in a group, and stops what is on its way', async () => {
    const { clock, network, node, answers, send } = oneNode();
    network.partition(['c', 'x'], ['n', 'd']);
    send('from c', 'c');
    send('from d', 'd');
    send('from outside', 'e');
    await clock.advance(100);
    expect(node.disk).toEqual(['from d', 'from outside']);
    network.heal();
    send('healed', 'c');
    await clock.advance(5);
    network.partition(['c'], ['n']);
    await clock.advance(100);
    expect(node.disk).toContain('healed');
    expect(answers).toHaveLength(2);
  });

  it('may cut one direction only', async () => {
    const { clock, network, node, answers, send } = oneNode();
    network.cut('n', 'c');
    send('x');
    await clock.advance(100);
    expect([node.disk, answers]).toEqual([['x'], []]);
  });
});

describe('a node', () => {
  it('that crashed is silent or refuses, and comes back with its disk or without', async () => {
    const { clock, node, answers, send } = oneNode();
    send('a');
    await clock.advance(100);
    node.crash();
    expect(node.state).toBe('down');
    send('into the void');
    await clock.advance(100);
    node.restart();
    send('b');
    await clock.advance(100);
    expect(node.disk).toEqual(['a', 'b']);
    node.crash('refuse');
    send('refused');
    await clock.advance(100);
    node.restart('lost');
    expect(node.disk).toEqual([]);
    expect(answers).toEqual([1, 2, 'ECONNREFUSED']);
  });

  it('never answers what it was working on when it crashed, not even after it is back', async () => {
    const clock = virtualClock();
    const network = simulatedNetwork({ clock, random: seededRandom(1), delayMs: 1 });
    const slow = network.node('n', {
      disk: () => 0,
      handle: () => new Promise<string>((resolve) => clock.setTimeout(() => resolve('done'), 10)),
    });
    let answered = 0;
    void slow.send('c', 1).then(() => answered++);
    await clock.advance(5);
    slow.restart();
    void slow.send('c', 2).then(() => answered++);
    await clock.advance(100);
    expect(answered).toBe(1);
  });

  it('that is frozen works off what has come when it thaws', async () => {
    const { clock, node, answers, send } = oneNode();
    node.freeze();
    send('a');
    send('b');
    await clock.advance(100);
    expect([node.state, node.disk, answers]).toEqual(['frozen', [], []]);
    node.thaw();
    await clock.advance(100);
    expect([node.state, node.disk, answers]).toEqual(['up', ['a', 'b'], [1, 2]]);
  });

  it('rejects with what its program throws', async () => {
    const clock = virtualClock();
    const network = simulatedNetwork({ clock, random: seededRandom(1), delayMs: 1 });
    const failing = network.node('n', {
      disk: () => 0,
      handle: (): number => {
        throw new Error('disk full');
      },
    });
    const call = failing.send('c', 1).catch((error: Error) => error.message);
    await clock.advance(2);
    expect(await call).toBe('disk full');
  });

  it('that refuses is known for one that did nothing', async () => {
    const { clock, node } = oneNode();
    node.crash('refuse');
    const call = quorumWrite({ replicas: [node], required: 1, clock, write: (n) => n.send('c', 'x') }).catch(
      (error: { outcome?: string }) => error.outcome,
    );
    await clock.advance(100);
    expect(await call).toBe('not-applied');
  });
});

describe('what is no network', () => {
  it.each([
    ['loss', { loss: 1.5 }],
    ['duplication', { duplication: Number.NaN }],
    ['delayMs', { delayMs: -1 }],
    ['order', { order: 'random' as 'any' }],
    ['random', { random: undefined as unknown as Random }],
  ])('is refused: %s', (option, options) => {
    try {
      oneNode(options);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error) && error.option).toBe(option);
    }
  });

  it('is refused: a name that is there twice, and a delay that is none', async () => {
    const { network, node, send } = oneNode();
    expect(() => network.node('n', { disk: () => 0, handle: () => 0 })).toThrow(/name/);
    expect(() => network.conditions({ loss: 2 })).toThrow(/loss/);
    expect(() => node.crash('loudly' as 'silent')).toThrow(/then/);
    network.conditions({ delayMs: () => Number.NaN });
    send('x');
    expect(await node.send('c', 'x').catch(isOptionError)).toBe(true);
  });
});
