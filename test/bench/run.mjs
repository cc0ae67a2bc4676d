/**
 * The benchmarks: ratios within one run against the bare call and the named peers (DESIGN §5).
 *
 *   npm run bench [-- NAME …] [--json]
 *
 * Each suite runs in a process of its own, and the cache's cases each in one of theirs: what ran before in a
 * process changes what the compiler makes of the next.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const json = process.argv.includes('--json');

if (!existsSync(`${here}node_modules`)) {
  execFileSync('npm', ['ci', '--ignore-scripts', '--loglevel', 'error'], {
    cwd: here,
    stdio: ['ignore', 2, 2],
  });
}

const all = readdirSync(`${here}suites`)
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace('.mjs', ''));
const unknown = wanted.find((word) => !all.some((name) => name.startsWith(word)));
if (unknown !== undefined) {
  console.error(`there is no suite ${unknown}; there are ${all.join(', ')}`);
  process.exit(1);
}
const suites = all.filter((name) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)));

const results = {};
for (const suite of suites) {
  const args = ['--expose-gc', `${here}suites/${suite}.mjs`];
  results[suite] = JSON.parse(
    execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] }),
  );
  if (json) continue;
  console.log(`\n${suite}`);
  for (const { what, figure, target, unit, met, note } of results[suite]) {
    const goal = target === undefined ? '' : `${met ? 'met' : 'MISSED'}: ≤ ${target}`;
    console.log(`  ${what.padEnd(60)} ${String(figure).padStart(9)} ${unit.padEnd(16)} ${goal}  ${note}`);
  }
}
if (json) {
  const rows = Object.values(results).flat();
  const missed = rows.filter(({ met }) => !met).map(({ what }) => what);
  console.log(JSON.stringify({ node: process.version, results, missed }, null, 2));
}
