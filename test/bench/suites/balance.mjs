/** A balanced call, with P2C, peak EWMA and passive health, over a bare awaited call. */
import { balance, healthTracker, p2c, peakEwma } from 'evenkeel';
import { measure, overhead, report } from '../harness.mjs';

const send = async (_host, n) => n;

function balanced(count) {
  const endpoints = Array.from({ length: count }, (_, n) => `10.0.${n >> 8}.${n & 255}`);
  return balance({ endpoints, send, health: healthTracker(), pick: p2c(), cost: peakEwma() });
}

const [three, hundred, many] = [3, 100, 10_000].map(balanced);
const { signal } = new AbortController();
const us = await measure({
  bare: (n) => send('a', n),
  three: (n) => three(n),
  hundred: (n) => hundred(n),
  many: (n) => many(n),
  signal: (n) => three(n, { signal }),
});
report([
  overhead('balanced call over 3 endpoints, on top of the bare call', us.three, us.bare, 0.6),
  overhead('over 100', us.hundred, us.bare),
  overhead('over 10 000', us.many, us.bare, 0.9),
  overhead('over 3, under a caller’s signal, one at a time', us.signal, us.bare),
]);
