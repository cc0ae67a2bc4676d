/**
 * Invalidation by tag in constant time: a tag is stamped, and no entry is looked for. An entry finds out when it
 * is read next, by comparing its own stamp with those of its tags (as FusionCache does with timestamps).
 *
 * Stamps are generations, a count of invalidations: unlike times, no two are equal, and a load that began before
 * an invalidation can be told from one that began after it in the same millisecond.
 */
export class Tags {
  /** How often any tag has been invalidated. */
  generation = 0;
  readonly #maxTags: number;
  // In the order of their invalidation, so the first is the oldest.
  readonly #stamps = new Map<string, number>();
  // Which tags had stamps up to this one is forgotten: entries from before it count as invalidated.
  #forgotten = 0;

  constructor(maxTags: number) {
    this.#maxTags = maxTags;
  }

  invalidate(tag: string): void {
    this.#stamps.delete(tag);
    this.#stamps.set(tag, ++this.generation);
    if (this.#stamps.size <= this.#maxTags) return;
    for (const [oldest, stamp] of this.#stamps) {
      this.#stamps.delete(oldest);
      this.#forgotten = stamp;
      return;
    }
  }

  /** Whether one of these tags has been, or may have been, invalidated after `generation`. */
  outdated(tags: readonly string[], generation: number): boolean {
    if (tags.length === 0) return false;
    if (generation < this.#forgotten) return true;
    return tags.some((tag) => (this.#stamps.get(tag) ?? 0) > generation);
  }
}
