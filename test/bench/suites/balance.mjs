/** A balanced call, with P2C, a cost and passive health, over a bare awaited call; and a change of many members. */
import { balance, healthTracker, p2c, peakEwma, relativeLatency } from 'evenkeel';
import { measure, median, overhead, report, row } from '../harness.mjs';

const send = async (_host, n) => n;

const hosts = (count) =>
  Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);

function balanced(count, cost = peakEwma()) {
  return balance({ endpoints: hosts(count), send, health: healthTracker(), pick: p2c(), cost });
}

const [three, hundred, many, most] = [3, 100, 10_000, 100_000].map((count) => balanced(count));
const [relative, relativeMany] = [3, 10_000].map((count) => balanced(count, relativeLatency()));
const { signal } = new AbortController();
const us = await measure({
  bare: (n) => send('a', n),
  three: (n) => three(n),
  hundred: (n) => hundred(n),
  many: (n) => many(n),
  most: (n) => most(n),
  relative: (n) => relative(n),
  relativeMany: (n) => relativeMany(n),
  signal: (n) => three(n, { signal }),
});

/** One endpoint in ten thousand leaves and another comes, while all are known. */
function changeMs() {
  const list = hosts(10_000);
  const times = Array.from({ length: 15 }, (_, turn) => {
    const next = [...list.slice(1), `new-${turn}`];
    const startMs = performance.now();
    many.update(next);
    many.update(list);
    return (performance.now() - startMs) / 2;
  });
  return median(times);
}

report([
  overhead('balanced call over 3 endpoints, on top of the bare call', us.three, us.bare, 0.6),
  overhead('over 100', us.hundred, us.bare),
  overhead('over 10 000', us.many, us.bare, 0.9),
  overhead('over 100 000', us.most, us.bare),
  overhead('by relative latency, over 3', us.relative, us.bare, 0.6),
  overhead('by relative latency, over 10 000', us.relativeMany, us.bare, 0.9),
  overhead('over 3, under a caller’s signal, one at a time', us.signal, us.bare),
  row('one of 10 000 members changes', changeMs(), 50, 'ms'),
]);
