import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it, vi } from 'vitest';
import { SharedSource, type Told, type Work } from '../../src/discovery/shared-source.ts';
import { followed, recorder } from './kit.ts';

/** A source whose work is what the test says. */
function shared(begun: (told: Told) => void = () => {}) {
  const clock = virtualClock();
  const runs: Told[] = [];
  const ended = vi.fn();
  const work: Work = (told) => {
    runs.push(told);
    begun(told);
    return ended;
  };
  return { clock, runs, ended, source: new SharedSource<string>('test', { clock }, work) };
}

describe('a shared source', () => {
  it('begins its work with the first follower and ends it with the last, each time anew', async () => {
    const { clock, runs, ended, source } = shared();
    const [one, two] = [followed(source), followed(source)];
    expect(runs).toHaveLength(0);
    await clock.settle();
    expect(runs).toHaveLength(1);
    one.stop();
    expect(ended).not.toHaveBeenCalled();
    two.stop();
    expect(ended).toHaveBeenCalledTimes(1);
    followed(source);
    await clock.settle();
    expect(runs).toHaveLength(2);
  });

  it('is deaf to work that speaks after its end', async () => {
    const { clock, runs, source } = shared();
    followed(source).stop();
    const one = followed(source);
    await clock.settle();
    one.stop();
    const two = followed(source);
    await clock.settle();
    expect(runs).toHaveLength(2);
    expect(runs[0]?.found(['late'])).toBe(false);
    runs[0]?.failed(new Error('late'));
    runs[1]?.found(['a']);
    runs[0]?.lost();
    expect(two.heard).toEqual(['a']);
    expect(source.snapshot()).toMatchObject({ state: 'fresh', lastError: undefined });
  });

  it('ends work that was begun while the last follower left', async () => {
    const { clock, ended, source } = shared((told) => told.found(['a']));
    source.follow({ found: () => source.dispose(), failed: () => {}, lost: () => {} });
    await clock.settle();
    expect(ended).toHaveBeenCalledTimes(1);
    source.dispose();
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it('tells nobody of before who was let go', async () => {
    const { clock, runs, source } = shared();
    const one = followed(source);
    await clock.settle();
    source.dispose();
    followed(source);
    await clock.settle();
    runs[1]?.found(['a']);
    expect(one.heard).toEqual([]);
  });

  it('tells each follower in the order of what happened, also when one makes it happen', async () => {
    const { clock, runs, source } = shared();
    source.follow({
      found: ([first]) => {
        if (first?.address === 'a') runs[0]?.found(['b']);
      },
      failed: () => {},
      lost: () => {},
    });
    const late = recorder<string>();
    source.follow(late);
    await clock.settle();
    runs[0]?.found(['a']);
    expect(late.heard).toEqual(['b']);
  });
});
