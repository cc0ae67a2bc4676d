/**
 * A tag: the version of a register's value. A counter, and who wrote it, so that no two writes have the same
 * one; compared by the counter first (Attiya, Bar-Noy, Dolev 1995; Lynch and Shvartsman 1997 for many writers).
 */
import { OptionError } from '../../core/errors.ts';

export interface Tag {
  /** From 1; a write's is one more than the highest that a quorum had seen. */
  readonly counter: number;
  /** Unique for each incarnation of each writer: letters, digits, `.`, `_`, `-`. */
  readonly writer: string;
}

/** What a replica keeps under a key: a value or, once deleted, the tombstone, with its tag. Plain data. */
export interface Versioned<V> {
  readonly tag: Tag;
  /** Absent in a tombstone. */
  readonly value?: V | undefined;
  /** A tombstone: the key was deleted. It has to be kept, or an old value would come back. */
  readonly deleted?: true | undefined;
}

const WRITER = /^[\w.-]{1,200}$/;
/** As many as a whole number of 53 bits takes in base 16. */
const DIGITS = 14;

/**
 * Compares two tags: above 0 if `a` is the later one, 0 only if they are the same.
 *
 * @example
 * ```ts
 * import { compareTags } from 'evenkeel';
 * if (!(compareTags({ counter: 2, writer: 'a' }, { counter: 1, writer: 'z' }) > 0)) throw new Error('the counter');
 * if (!(compareTags({ counter: 2, writer: 'b' }, { counter: 2, writer: 'a' }) > 0)) throw new Error('the writer');
 * ```
 */
export function compareTags(a: Tag, b: Tag): number {
  if (a.counter !== b.counter) return a.counter - b.counter;
  return a.writer < b.writer ? -1 : a.writer > b.writer ? 1 : 0;
}

/**
 * A tag as a text that sorts, byte by byte, as the tag does: so that a store that can only compare texts, such as
 * a script in Redis or a column in SQL, can put a value if it is newer.
 *
 * @throws {@link OptionError} for what is no tag
 * @example
 * ```ts
 * import { decodeTag, encodeTag } from 'evenkeel';
 * const tag = { counter: 255, writer: 'a.1' };
 * if (encodeTag(tag) !== '000000000000ff:a.1') throw new Error(encodeTag(tag));
 * if (decodeTag(encodeTag(tag)).counter !== 255) throw new Error('not the same');
 * ```
 */
export function encodeTag(tag: Tag): string {
  if (!isTag(tag)) throw new OptionError('encodeTag', 'tag', tag, 'a counter from 1 and a writer');
  return `${tag.counter.toString(16).padStart(DIGITS, '0')}:${tag.writer}`;
}

/**
 * The tag that {@link encodeTag} made this text of.
 *
 * @throws {@link OptionError} for any other text
 */
export function decodeTag(text: string): Tag {
  const tag = { counter: Number.parseInt(text.slice(0, DIGITS), 16), writer: text.slice(DIGITS + 1) };
  if (isTag(tag) && encodeTag(tag) === text) return tag;
  throw new OptionError('decodeTag', 'text', text, 'what encodeTag answered');
}

/** Whether this, which came from a replica, is a tag that a writer may have made. */
export function isTag(value: unknown): value is Tag {
  if (typeof value !== 'object' || value === null) return false;
  const { counter, writer } = value as { counter?: unknown; writer?: unknown };
  return Number.isSafeInteger(counter) && (counter as number) >= 1 && isWriter(writer);
}

export function isWriter(value: unknown): value is string {
  return typeof value === 'string' && WRITER.test(value);
}
