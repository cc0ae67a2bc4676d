/**
 * Changes that the far tier has not been told of, or not yet. Until they are said, what it holds of them is not
 * believed; they are said again as soon as it can be reached. Bounded: what is too much becomes one "forget all".
 */
import type { CallContext } from '../../core/transport.ts';
import type { CacheStore } from './cache-store.ts';

/** What has changed: a key, all values with a tag, or all. */
export type Change =
  { readonly kind: 'key' | 'tag'; readonly name: string } | { readonly kind: 'all'; readonly name: '' };

export const ALL: Change = { kind: 'all', name: '' };

export class Unsaid {
  readonly #max: number;
  // Each with the count of changes at its last one: what is said of an earlier change leaves a later one unsaid.
  readonly #changes = new Map<string, { readonly change: Change; readonly count: number }>();
  #count = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#changes.size;
  }

  /** Notes a change, before anybody is told of it; answers with its number. */
  note(change: Change): number {
    if (change.kind === 'all') this.#changes.clear();
    this.#changes.set(idOf(change), { change, count: ++this.#count });
    if (this.#changes.size > this.#max) this.note(ALL);
    return this.#count;
  }

  /** The far tier knows of the change with this number. */
  said(change: Change, count: number): void {
    if (this.#changes.get(idOf(change))?.count === count) this.#changes.delete(idOf(change));
  }

  /** Whether what the far tier holds of this key may be out of date. */
  doubts(key: string, tags: readonly string[]): boolean {
    if (this.#changes.size === 0) return false;
    const changed = (kind: 'key' | 'tag', name: string): boolean => this.#changes.has(idOf({ kind, name }));
    return this.#changes.has(idOf(ALL)) || changed('key', key) || tags.some((tag) => changed('tag', tag));
  }

  /** Says all of them, one after the other; those that fail stay. */
  async say(to: CacheStore, context: CallContext): Promise<void> {
    for (const { change, count } of this.#changes.values()) {
      try {
        await tell(to, change, context);
        this.said(change, count);
      } catch {
        // Another part of the store may be well.
      }
    }
  }
}

export function tell(to: CacheStore, { kind, name }: Change, context: CallContext): Promise<void> {
  switch (kind) {
    case 'key':
      return to.remove(name, context);
    case 'tag':
      return to.invalidateTag(name, context);
    default:
      return to.clear(context);
  }
}

function idOf({ kind, name }: Change): string {
  return kind + name;
}
