/**
 * node-redlock 5 (issues 168, 282): of two nodes one up and one down, of four two and two, or with one that never
 * answers, the promise of the lock never settles.
 */
import { isQuorumError, majority, quorumWrite } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';
import { type Behaviour, behaving, leftTimers, range, watched } from '../quorum/replicas.ts';

const up: Behaviour<string> = { afterMs: 5, value: 'granted' };
const down: Behaviour<string> = { afterMs: 5, error: new Error('down') };

it.each<[string, Behaviour<string>[], number]>([
  ['one of two', [up, down], 5],
  ['two of four', [up, down, up, down], 5],
  ['one silent, the others split', [up, down, 'silent'], 100],
])('%s: it settles', async (_, behaviours, atMs) => {
  const clock = virtualClock();
  const write = behaving(clock, behaviours);
  const replicas = range(behaviours.length);
  const required = majority(behaviours.length);
  const call = watched(quorumWrite({ replicas, required, write, clock, replicaTimeoutMs: 100 }));
  await clock.advance(atMs);
  expect([call.settlements, isQuorumError(call.error), leftTimers(clock)]).toEqual([1, true, 0]);
});
