/**
 * A 32-bit hash of text: the rounds and the finalizer of MurmurHash3 (Austin Appleby, public domain), one block
 * for each UTF-16 code unit. Equal on every machine; not against an adversary.
 */
export function hash32(text: string, seed: number = 0): number {
  let hash = seed | 0;
  for (let at = 0; at < text.length; at++) {
    const block = Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    hash ^= Math.imul((block << 15) | (block >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  return mix32(hash ^ text.length);
}

/** MurmurHash3's finalizer: every bit of the input changes about half of the bits of the output. */
export function mix32(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
