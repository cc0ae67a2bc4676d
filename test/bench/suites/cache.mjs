/** The cache against its peers; each case in a process of its own. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, report, row } from '../harness.mjs';

const child = fileURLToPath(new URL('../cache-case.mjs', import.meta.url));
const RUNS = 5;

function us(library, kind) {
  return Number(execFileSync(process.execPath, [child, library, kind], { encoding: 'utf8' }));
}

const LIBRARIES = ['evenkeel', 'lru-cache', 'async-cache-dedupe', 'layered-loader'];
const figures = {};
for (const kind of ['hit', 'miss', 'coalesced']) {
  const runs = Object.fromEntries(LIBRARIES.map((library) => [library, []]));
  // In turn, so that a machine whose speed drifts is slow for all of them.
  for (let run = 0; run < RUNS; run++) {
    for (const library of LIBRARIES) runs[library].push(us(library, kind));
  }
  for (const library of LIBRARIES) figures[`${library} ${kind}`] = median(runs[library]);
}
const share = (kind, peer) => figures[`evenkeel ${kind}`] / figures[`${peer} ${kind}`];
const note = (kind, peer) =>
  `${figures[`evenkeel ${kind}`].toFixed(3)} against ${figures[`${peer} ${kind}`].toFixed(3)} µs`;
const bestOf = (kind) =>
  figures[`layered-loader ${kind}`] <= figures[`async-cache-dedupe ${kind}`]
    ? 'layered-loader'
    : 'async-cache-dedupe';

const herd = JSON.parse(execFileSync(process.execPath, [child, 'evenkeel', 'herd'], { encoding: 'utf8' }));
const room = JSON.parse(
  execFileSync(
    process.execPath,
    ['--expose-gc', fileURLToPath(new URL('../cache-room.mjs', import.meta.url))],
    {
      encoding: 'utf8',
    },
  ),
);
report([
  row('hit, share of lru-cache fetch()', share('hit', 'lru-cache'), 0.85, 'ratio', note('hit', 'lru-cache')),
  row(
    'hit, share of async-cache-dedupe',
    share('hit', 'async-cache-dedupe'),
    0.25,
    'ratio',
    note('hit', 'async-cache-dedupe'),
  ),
  row(
    `cold miss, share of ${bestOf('miss')}`,
    share('miss', bestOf('miss')),
    0.5,
    'ratio',
    note('miss', bestOf('miss')),
  ),
  row(
    `ten coalesced misses, share of ${bestOf('coalesced')}`,
    share('coalesced', bestOf('coalesced')),
    0.75,
    'ratio',
    note('coalesced', bestOf('coalesced')),
  ),
  row('1 000 callers on a failing 20 ms loader: loads', herd.loads, 1, 'loads'),
  row('1 000 callers on a failing 20 ms loader: the last one’s wait', herd.lastMs, 30, 'ms'),
  row('bytes per entry over key and value, 100 000 not yet hit', room.bytes, 165, 'bytes'),
  row('constructing with maxEntries of a million', room.constructMs, 1, 'ms'),
  row('clear at a million entries', room.clearMs, 1, 'ms'),
  row('invalidateTag at a million entries', room.invalidateMs, 1, 'ms'),
  row(
    'deleting the only entry, over deleting one of two',
    room.onlyUs / room.amongUs,
    1.5,
    'ratio',
    `${room.onlyUs.toFixed(3)} against ${room.amongUs.toFixed(3)} µs, set and delete`,
  ),
]);
