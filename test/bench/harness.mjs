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

/** Microseconds per call of each case. The first case is the yardstick. */
export async function measure(cases, { calls = 20_000, rounds = ROUNDS } = {}) {
  const names = Object.keys(cases);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds + WARM_UP; round++) {
    for (const name of names) {
      const us = await time(cases[name], calls);
      if (round >= WARM_UP) samples[name].push(us);
    }
  }
  const yardstick = samples[names[0]];
  const best = Math.min(...yardstick);
  const quiet = yardstick.flatMap((us, round) => (us <= 1.2 * best ? [round] : []));
  return Object.fromEntries(names.map((name) => [name, median(quiet.map((round) => samples[name][round]))]));
}

let consumed = 0;

async function time(run, calls) {
  const startMs = performance.now();
  for (let call = 0; call < calls; call++) {
    const result = await run(call);
    if (result !== undefined) consumed++;
  }
  return ((performance.now() - startMs) * 1000) / calls;
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

/** How fast this machine is now: the microseconds of the others were asked for where this was 0.085. */
export const yardstick = (bareUs) => row('a bare awaited call, the yardstick', bareUs, undefined, 'µs');

/** Ends a suite: its rows go to whoever started it. */
export function report(rows) {
  process.stdout.write(JSON.stringify(rows));
  process.exit(consumed < 0 ? 1 : 0);
}
