/**
 * Which replica gets a read: the better of two drawn at random (Mitzenmacher, "The Power of Two Choices", 2001), by
 * health first and calls in flight second. Up to five draws look for a healthy one that this call has not tried.
 */
import type { Call } from '../core/call.ts';
import { EJECTED } from '../core/health.ts';
import type { Random } from '../core/random.ts';
import { hasTried } from '../core/tried.ts';
import { drawTwo } from '../structures/two-draw.ts';
import type { Node } from './node.ts';

const MAX_DRAWS = 5;

export function pickReplica<E>(
  replicas: readonly Node<E>[],
  call: Call,
  random: Random,
): Node<E> | undefined {
  let best = replicas[0];
  if (replicas.length < 2) return best;
  for (let draws = 0; draws < MAX_DRAWS; draws++) {
    const [first, second] = drawTwo(replicas.length, random());
    const drawn = better(replicas[first] as Node<E>, replicas[second] as Node<E>, call);
    best = draws === 0 ? drawn : better(best as Node<E>, drawn, call);
    if (isFit(best, call)) break;
  }
  return best;
}

/** Whether there is no reason to look further. */
export function isFit<E>(node: Node<E>, call: Call): boolean {
  return node.rank < EJECTED && !hasTried(call.root, node);
}

/** The one that has not been tried, else is healthier, else has fewer calls; of equals the first, which is a random one. */
export function better<E>(a: Node<E>, b: Node<E>, call: Call): Node<E> {
  const tried = Number(hasTried(call.root, a)) - Number(hasTried(call.root, b));
  return (tried || a.rank - b.rank || a.pending - b.pending) <= 0 ? a : b;
}
