import { consecutiveFailures, endpoint } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { HOSTS, tracked, unsent } from './kit.ts';

const detectors = [consecutiveFailures({ failures: 2 })];
const options = { detectors, aspect: (request: { readonly method: string }) => request.method };

describe('aspects', () => {
  it('are ejected each by itself: a replica that only refuses writes loses only writes', () => {
    const { health, events } = tracked(options);
    for (const _ of [1, 2]) health.report('a', 'failure', 1, 'write');
    expect(health.status('a', 'write')).toBe('unhealthy');
    expect(health.status('a', 'read')).toBe('healthy');
    expect(health.status('a')).toBe('healthy');
    expect(health.snapshot()).toMatchObject({
      ejected: 0,
      endpoints: [
        {
          endpoint: 'a',
          status: 'healthy',
          aspects: { write: { status: 'unhealthy', reason: '2 failures in a row' } },
        },
        { endpoint: 'b', aspects: {} },
        {},
        {},
      ],
    });
    expect(events).toMatchObject([{ type: 'ejected', endpoint: 'a', aspect: 'write', status: 'unhealthy' }]);
  });

  it('are views of one tracker, the same for each request about the same', () => {
    const { clock, health } = tracked(options);
    const owner = {};
    const view = health.aspect({ method: 'write' });
    expect(health.aspect({ method: 'write' })).toBe(view);
    expect(health.aspect({ method: 'read' })).not.toBe(view);
    const endpoints = HOSTS.map((host) => endpoint(host));
    const [a, b] = view.track(owner, endpoints);
    const revision = health.revision;
    for (const _ of [1, 2]) a?.report(a.ticket, { kind: 'failure', retryAfterMs: 0 }, 1, clock.now());
    expect([a?.rank, b?.rank]).toEqual([2, 0]);
    expect(health.track(owner, endpoints)[0]?.rank).toBe(0);
    expect(view.revision).toBe(revision + 1);
    expect(view.nextTrialMs).toBe(clock.now() + 3750);
    expect(health.nextTrialMs).toBe(Infinity);
  });

  it('tell whoever subscribed to any of them', () => {
    const { health } = tracked(options);
    let told = 0;
    const stop = health.aspect({ method: 'write' }).subscribe(() => told++);
    health.aspect({ method: 'read' }).subscribe(() => told++);
    for (const _ of [1, 2]) health.report('a', 'failure', 1, 'write');
    expect(told).toBe(2);
    stop();
    for (const _ of [1, 2]) health.report('b', 'failure', 1, 'write');
    expect(told).toBe(3);
  });

  it('share what checks and the server itself say', () => {
    const { health } = tracked(options);
    const [a] = health.aspect({ method: 'write' }).track({}, [endpoint('a')]);
    health.announce('a', 'draining');
    expect([a?.rank, a?.reason]).toEqual([2, 'it says that it is draining']);
    expect(health.status('a', 'write')).toBe('unhealthy');
    expect(health.status('a', 'never heard of')).toBe('unhealthy');
    const [late] = health.aspect({ method: 'read' }).track({}, [endpoint('a')]);
    expect([late?.rank, late?.ticket, late?.sinceMs]).toEqual([2, a?.ticket, -Infinity]);
  });

  it('have a cap each', () => {
    const { health } = tracked({ ...options, maxEjectedShare: 0.25 });
    for (const aspect of ['read', 'write']) {
      for (const host of ['a', 'b', 'c', 'd']) health.report(host, 'success', 1, aspect);
      for (const host of ['a', 'b']) for (const _ of [1, 2]) health.report(host, 'failure', 1, aspect);
    }
    const out = (aspect: string) => HOSTS.filter((host) => health.status(host, aspect) !== 'healthy');
    expect([out('read'), out('write')]).toEqual([['a'], ['a']]);
  });

  it('are so many at most; the rest is judged together, and so is what is about nothing', () => {
    const { health } = tracked({ ...options, maxAspects: 2 });
    const of = (method: string) => health.aspect({ method });
    expect(new Set([of('a'), of('b'), of('c'), of('d'), health])).toHaveProperty('size', 3);
    expect(of('c')).toBe(health);
    expect(of(undefined as never)).toBe(health);
    for (const _ of [1, 2]) health.report('a', 'failure', 1, 'c');
    expect(health.status('a')).toBe('unhealthy');
    expect(health.status('a', 'c')).toBe('unhealthy');
    expect(tracked({ detectors }).health.aspect({ method: 'write' })).toHaveProperty('isolated', false);
  });

  it('are none where the function throws', () => {
    const { health } = tracked(options);
    expect(health.aspect(null)).toBe(health);
  });

  it('are forgotten with their endpoint', () => {
    const { health } = tracked(options);
    for (const _ of [1, 2]) health.report('a', 'failure', 1, 'write');
    const view = health.aspect({ method: 'write' });
    expect(view.nextTrialMs).toBeLessThan(Infinity);
    health.watch(['b', 'c', 'd']);
    expect(view.nextTrialMs).toBe(Infinity);
    health.watch(HOSTS);
    expect(health.status('a', 'write')).toBe('healthy');
  });

  it('see one cut: what is unreachable is so for all', () => {
    const { health } = tracked(options);
    health.report('a', unsent, 1, 'write');
    health.report('a', unsent, 1, 'write');
    health.report('b', unsent, 1, 'read');
    health.report('c', unsent);
    expect(health.isolated).toBe(true);
    expect(health.aspect({ method: 'read' }).isolated).toBe(true);
    expect(health.status('a', 'write')).toBe('healthy');
  });

  it.each([
    [{ aspect: 'write' }, 'aspect'],
    [{ maxAspects: 0 }, 'maxAspects'],
  ])('refuse %o', (bad, name) => {
    expect(() => tracked(bad as never)).toThrow(new RegExp(`${name} must be`));
  });
});
