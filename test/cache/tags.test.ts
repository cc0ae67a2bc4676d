import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Tags } from '../../src/cache/tags.ts';

describe('tags', () => {
  it('never forget an invalidation, and with room remember no other', () => {
    const step = fc.record({ tag: fc.constantFrom('a', 'b', 'c', 'd', 'e'), read: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.constantFrom(1, 2, 5), (steps, maxTags) => {
        const tags = new Tags(maxTags);
        const entries = ['a', 'b', 'c', 'd', 'e'].map((tag) => ({ tag, generation: 0, dead: false }));
        for (const { tag, read } of steps) {
          tags.invalidate(tag);
          for (const entry of entries) if (entry.tag === tag) entry.dead = true;
          if (!read) continue;
          for (const entry of entries) {
            const outdated = tags.outdated([entry.tag], entry.generation);
            if (entry.dead) expect(outdated).toBe(true);
            if (maxTags === 5) expect(outdated).toBe(entry.dead);
            // Who has been dropped is loaded anew, who has not is looked into no more.
            entry.dead = false;
            entry.generation = tags.generation;
          }
        }
      }),
    );
  });

  it('forget the one whose invalidation is longest ago, not the one that came first', () => {
    const tags = new Tags(2);
    for (const tag of ['a', 'b', 'a', 'c']) tags.invalidate(tag);
    expect(tags.outdated(['z'], 2)).toBe(false);
    expect(tags.outdated(['a'], 2)).toBe(true);
  });

  it('have no say over what has none', () => {
    const tags = new Tags(1);
    for (const tag of ['a', 'b', 'c']) tags.invalidate(tag);
    expect(tags.outdated([], 0)).toBe(false);
    expect(tags.outdated(['z'], 0)).toBe(true);
    expect(tags.outdated(['z'], 2)).toBe(false);
  });
});
