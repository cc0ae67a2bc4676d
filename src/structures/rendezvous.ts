/**
 * Rendezvous hashing (Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates", 1998): every
 * node gets a score for the key, and the highest holds it. Each key thereby has an order of preference over all
 * nodes; when a node goes only its own keys move, each to the next in its order.
 *
 *   u     = a hash of key and node, uniform in (0, 1)
 *   score = −weight / ln u        (weighted as by Schindelhauer and Schomaker, 2005)
 */
import { hash32, mix32 } from './hash.ts';

/** The hash of a key's name. */
export function keyHashOf(name: string): number {
  return hash32(name);
}

/** The hash of a node's name, mixed once more: a node and a key may have the same name. */
export function nodeHashOf(name: string): number {
  return mix32(hash32(name));
}

/** A node's draw for a key, from 0 up to 2³². Where all weigh the same it orders as the score does. */
export function drawOf(keyHash: number, nodeHash: number): number {
  return mix32(keyHash ^ nodeHash);
}

/** The score of a node for a key; the highest wins. */
export function scoreOf(keyHash: number, nodeHash: number, weight: number): number {
  return -weight / Math.log((drawOf(keyHash, nodeHash) + 0.5) / 2 ** 32);
}

/** The nodes in the order in which they should hold the key; every client finds the same. */
export function rendezvous<T>(
  key: string,
  nodes: readonly T[],
  nameOf: (node: T) => string,
  weightOf: (node: T) => number,
): T[] {
  const keyHash = keyHashOf(key);
  return nodes
    .map((node) => {
      const name = nameOf(node);
      return { node, name, score: scoreOf(keyHash, nodeHashOf(name), weightOf(node)) };
    })
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .map(({ node }) => node);
}
