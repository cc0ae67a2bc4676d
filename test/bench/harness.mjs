/**
 * How everything here is measured: all cases in turn, many rounds, medians; the result of each call is consumed;
 * rounds in which the machine itself was slow (the yardstick took 1.2 times its best) are left out.
 *
 * No forced collection between rounds: with no object of a shape alive at that moment V8 drops the shape, and with
 * it the code compiled for it, and the next 20 000 calls measure the compiler. A busy service never is in that
 * state.
 */

const ROUNDS = 21;
const WARM_UP = 4;
const SLICES = 20;

/** Microseconds per call of each case. The first case is the yardstick. */
export async function measure(cases, { calls = 20_000, rounds = ROUNDS } = {}) {
  const names = Object.keys(cases);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds + WARM_UP; round++) {
    const spentMs = Object.fromEntries(names.map((name) => [name, 0]));
    // In turn, a slice at a time: a machine that is slow for some milliseconds is slow for all of them.
    for (let slice = 0; slice < SLICES; slice++) {
      for (const name of names) spentMs[name] += await time(cases[name], calls / SLICES);
    }
    if (round < WARM_UP) continue;
    for (const name of names) samples[name].push((spentMs[name] * 1000) / calls);
  }
  const yardstick = samples[names[0]];
  const best = Math.min(...yardstick);
  const quiet = yardstick.flatMap((us, round) => (us <= 1.2 * best ? [round] : []));
  return Object.fromEntries(names.map((name) => [name, median(quiet.map((round) => samples[name][round]))]));
}

let consumed = 0;

/** Milliseconds for so many calls, one after the other. */
async function time(run, calls) {
  const startMs = performance.now();
  for (let call = 0; call < calls; call++) {
    const result = await run(call);
    if (result !== undefined) consumed++;
  }
  return performance.now() - startMs;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export const round = (value, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits;

/** A row of the report: what was measured, against what, and what the design asks for. */
export function row(what, figure, target, unit, note = '') {
  return {
    what,
    figure: round(figure, 3),
    target,
    unit,
    met: target === undefined || figure <= target,
    note,
  };
}

/** The bare awaited call of the machine on which the design's microseconds were set. */
const BARE_THEN_US = 0.085;

/**
 * A row about what is on top of the bare call. The design asks for microseconds; machines differ and this one's
 * speed drifts, so it is held to the same multiple of the bare call measured beside it. The note has both.
 */
export function overhead(what, us, bareUs, targetUs) {
  const over = us - bareUs;
  const target = targetUs === undefined ? undefined : round(targetUs / BARE_THEN_US, 1);
  const asked = targetUs === undefined ? '' : `; asked for ${targetUs} µs over ${BARE_THEN_US}`;
  return row(what, over / bareUs, target, 'bare calls', `${round(over)} µs over ${round(bareUs, 3)}${asked}`);
}

/** Ends a suite: its rows go to whoever started it. */
export function report(rows) {
  process.stdout.write(JSON.stringify(rows));
  process.exit(consumed < 0 ? 1 : 0);
}
