/**
 * MurmurHash2 of 32 bits (Austin Appleby, public domain) with the seed that Kafka's clients use: bytes are taken four
 * at a time, little-endian. Signed, as in Java: whoever wants a partition drops the sign bit first.
 */
const M = 0x5bd1e995;
const SEED = 0x9747b28c;

export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const whole = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < whole; at += 4) {
    const block = Math.imul(
      byte(bytes, at) |
        (byte(bytes, at + 1) << 8) |
        (byte(bytes, at + 2) << 16) |
        (byte(bytes, at + 3) << 24),
      M,
    );
    hash = Math.imul(hash, M) ^ Math.imul(block ^ (block >>> 24), M);
  }
  let rest = 0;
  for (let at = length - 1; at >= whole; at--) rest = (rest << 8) | byte(bytes, at);
  if (whole < length) hash = Math.imul(hash ^ rest, M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}
