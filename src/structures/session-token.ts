/**
 * A session token: how far a session has seen each partition, as a version vector whose entries are positions. Two are
 * merged by the farther position of each partition; that is commutative, associative and idempotent, so tokens may
 * travel by any way and twice.
 *
 * A token holds at most so many partitions. Merging keeps the farthest positions, which every order of merging agrees
 * on: an entry among the farthest of all is among the farthest of any part. What is dropped must not become a silent
 * loss of the guarantee, so the token then says that it is not `complete`.
 */

/** How far a replica has applied, or a session has seen: the epoch of the leader who wrote it, then the offset. */
export interface Position {
  /** Goes up with each new leader; whole, from 0. */
  readonly epoch: number;
  /** How far within the history: a sequence number, an LSN as a number. Whole, from 0. */
  readonly offset: number;
}

export interface SessionToken {
  /** By partition, as text. */
  readonly positions: ReadonlyMap<string, Position>;
  /** Whether no partition was ever dropped for lack of room. */
  readonly complete: boolean;
}

export const EMPTY_TOKEN: SessionToken = { positions: new Map(), complete: true };

/** Below 0 if `a` is before `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.offset - b.offset;
}

/** The token that knows what both know. */
export function mergeTokens(a: SessionToken, b: SessionToken, maxPartitions: number): SessionToken {
  const positions = new Map(a.positions);
  for (const [partition, position] of b.positions) {
    const known = positions.get(partition);
    if (known === undefined || comparePositions(known, position) < 0) positions.set(partition, position);
  }
  return bounded(positions, a.complete && b.complete, maxPartitions);
}

/** The token after having seen the partition at this position; the same one if that is no news. */
export function withPosition(
  token: SessionToken,
  partition: string,
  position: Position,
  maxPartitions: number,
): SessionToken {
  const known = token.positions.get(partition);
  if (known !== undefined && comparePositions(known, position) >= 0) return token;
  return bounded(new Map(token.positions).set(partition, position), token.complete, maxPartitions);
}

function bounded(positions: Map<string, Position>, complete: boolean, maxPartitions: number): SessionToken {
  if (positions.size <= maxPartitions) return { positions, complete };
  const farthest = [...positions].sort(
    ([nameA, a], [nameB, b]) => comparePositions(b, a) || (nameA < nameB ? -1 : 1),
  );
  return { positions: new Map(farthest.slice(0, maxPartitions)), complete: false };
}

const HEAD = 'ek1';

/**
 * A text fit for a header, a cookie or a URL: `ek1~eu.2.1a4~us.1.7`, names percent-encoded, numbers in base 36, an `*`
 * after the head if it is not complete. Equal tokens have equal texts.
 */
export function encodeToken({ positions, complete }: SessionToken): string {
  const entries = [...positions].sort(([a], [b]) => (a < b ? -1 : 1));
  const texts = entries.map(
    ([name, { epoch, offset }]) => `${escaped(name)}.${epoch.toString(36)}.${offset.toString(36)}`,
  );
  return [complete ? HEAD : `${HEAD}*`, ...texts].join('~');
}

/** More than this no token holds; the text may come from anybody. */
export const MOST_PARTITIONS = 1000;
export const NAME_LENGTH = 128;

/** What the text says; `undefined` if it is not such a text. */
export function decodeToken(text: string): SessionToken | undefined {
  const [head, ...entries] = text.split('~', MOST_PARTITIONS + 2);
  if ((head !== HEAD && head !== `${HEAD}*`) || entries.length > MOST_PARTITIONS) return undefined;
  const positions = new Map<string, Position>();
  for (const entry of entries) {
    const parts = /^([^.]*)\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(entry);
    const name = parts === null ? undefined : unescaped(parts[1] as string);
    if (parts === null || name === undefined || !isName(name) || positions.has(name)) return undefined;
    const position = {
      epoch: Number.parseInt(parts[2] as string, 36),
      offset: Number.parseInt(parts[3] as string, 36),
    };
    if (!isPosition(position)) return undefined;
    positions.set(name, position);
  }
  return { positions, complete: head === HEAD };
}

/** Whether a partition may be called so; half a surrogate pair has no UTF-8. */
export function isName(name: string): boolean {
  return name !== '' && name.length <= NAME_LENGTH && !/[\ud800-\udfff]/u.test(name);
}

export function isPosition(value: unknown): value is Position {
  if (typeof value !== 'object' || value === null) return false;
  const { epoch, offset } = value as { epoch?: unknown; offset?: unknown };
  return isWhole(epoch) && isWhole(offset);
}

function isWhole(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

// encodeURIComponent leaves these as they are, and the first two are ours.
function escaped(name: string): string {
  return encodeURIComponent(name).replaceAll(
    /[.~*'()!]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function unescaped(text: string): string | undefined {
  try {
    const name = decodeURIComponent(text);
    return escaped(name) === text ? name : undefined;
  } catch {
    return undefined;
  }
}
