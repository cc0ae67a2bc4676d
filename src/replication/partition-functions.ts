/**
 * Partition functions: which partition a key is in. Every client of a system must find the same, so these are the
 * systems' own, byte for byte; text counts as its UTF-8.
 */
import { OptionError } from '../core/errors.ts';
import { checkCount } from '../core/options.ts';
import { crc16 } from '../structures/crc16.ts';
import { murmur2 } from '../structures/murmur2.ts';
import { drawOf, keyHashOf, nodeHashOf } from '../structures/rendezvous.ts';

/** A key as its user has it. Text stands for its UTF-8. */
export type PartitionKey = string | Uint8Array;

const SLOTS = 16_384;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/**
 * The slot of a key in Redis Cluster, from 0 to 16 383: `CRC16(key) mod 16384`, where only the text between the first
 * `{` and the first `}` after it counts, if there is any (Redis Cluster specification, "Hash tags").
 *
 * @throws {@link OptionError} for a key that is neither text nor bytes
 * @example
 * ```ts
 * import { redisSlot } from 'evenkeel';
 * if (redisSlot('foo') !== 12_182) throw new Error('as CLUSTER KEYSLOT foo');
 * if (redisSlot('{user1000}.following') !== redisSlot('user1000')) throw new Error('the tag decides');
 * ```
 */
export function redisSlot(key: PartitionKey): number {
  const bytes = bytesOf('redisSlot', key);
  const open = bytes.indexOf(OPEN);
  const close = open === -1 ? -1 : bytes.indexOf(CLOSE, open + 1);
  const tagged = close > open + 1;
  return crc16(bytes, tagged ? open + 1 : 0, tagged ? close : bytes.length) % SLOTS;
}

/**
 * The partition of a key in a topic of so many, as Kafka's default partitioner finds it: `murmur2(key)` without its
 * sign bit, modulo `partitions`. Adding partitions moves most keys.
 *
 * @throws {@link OptionError} for a key that is neither text nor bytes, or a number of partitions that is not whole
 * and at least 1
 * @example
 * ```ts
 * import { kafkaPartition } from 'evenkeel';
 * if (kafkaPartition('foobar', 12) !== 6) throw new Error('as the Java client');
 * ```
 */
export function kafkaPartition(key: PartitionKey, partitions: number): number {
  checkFinite('kafkaPartition', partitions);
  return (murmur2(bytesOf('kafkaPartition', key)) & 0x7fff_ffff) % partitions;
}

/**
 * The partition of a key by rendezvous hashing (Thaler and Ravishankar, 1998): the one with the highest draw for the
 * key. When a partition is added or taken away only its own keys move. Takes as long as there are partitions.
 *
 * @throws {@link OptionError} for an empty list of partitions
 * @example
 * ```ts
 * import { rendezvousPartition } from 'evenkeel';
 * const before = rendezvousPartition('user:42', ['north', 'south', 'west']);
 * const others = ['north', 'south', 'west'].filter((name) => name !== before);
 * const one = others[0] as string;
 * if (rendezvousPartition('user:42', [before, one]) !== before) throw new Error('moved without need');
 * ```
 */
export function rendezvousPartition<P extends string | number>(key: string, partitions: readonly P[]): P {
  const keyHash = keyHashOf(key);
  let best: P | undefined;
  let highest = -1;
  for (const partition of partitions) {
    const draw = drawOf(keyHash, nodeHashOf(String(partition)));
    // Equal draws are rare, but every client must break them alike, whatever the order of its list.
    if (draw > highest || (draw === highest && String(partition) < String(best))) {
      best = partition;
      highest = draw;
    }
  }
  if (best !== undefined) return best;
  throw new OptionError('rendezvousPartition', 'partitions', partitions, 'a list of at least one');
}

function checkFinite(where: string, partitions: number): void {
  if (checkCount(where, 'partitions', partitions) < Infinity) return;
  throw new OptionError(where, 'partitions', partitions, 'a whole number of at least 1');
}

let utf8: TextEncoder | undefined;

function bytesOf(where: string, key: PartitionKey): Uint8Array {
  if (typeof key === 'string') return (utf8 ??= new TextEncoder()).encode(key);
  if (key instanceof Uint8Array) return key;
  throw new OptionError(where, 'key', key, 'text or bytes');
}
