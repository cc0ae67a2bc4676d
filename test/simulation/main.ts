/**
 * Runs scenarios, and prints their figures beside what they have to be.
 *
 *   npm run simulate -- NAME… [--json] [--seed 1] [--size 1] [--seeds 1000] [--only CONTENDER] [--svg FOLDER]      NAME may be `all`
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { contender, CONTENDERS } from './contenders.ts';
import { bars, picture } from './picture.ts';
import type { Row, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { table } from './table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    size: { type: 'string', default: '1' },
    seeds: { type: 'string' },
    only: { type: 'string', multiple: true },
    svg: { type: 'string' },
  },
});
const [seed, size] = [Number(values.seed), Number(values.size)];
const seeds = values.seeds === undefined ? {} : { seeds: Number(values.seeds) };
const contenders = values.only?.map(contender) ?? CONTENDERS;
const names = positionals.includes('all') ? SCENARIOS.map(({ name }) => name) : positionals;
const chosen = names.map((name) => SCENARIOS.find((scenario) => scenario.name === name));

if (chosen.length === 0 || chosen.includes(undefined)) {
  console.error(`Which scenario? all, ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else {
  const findings = [];
  for (const scenario of chosen as Scenario[]) {
    const startMs = performance.now();
    const rows = await scenario.run({ seed, size, contenders, ...seeds });
    const seconds = Math.round((performance.now() - startMs) / 100) / 10;
    const { name, asks, reference } = scenario;
    const holds = rows.every(({ checks }) => checks.every((check) => check.holds));
    findings.push({ name, asks, reference, seed, size, holds, seconds, rows: rows.map(plain) });
    if (!values.json) console.log(table(scenario, rows, seed, seconds));
    if (values.svg !== undefined) draw(values.svg, scenario, rows);
  }
  if (values.json) console.log(JSON.stringify(findings, null, 2));
  if (findings.some(({ holds }) => !holds)) process.exitCode = 1;
}

/** Without the report, which is for the picture. */
function plain({ who, figures, checks, ...row }: Row): unknown {
  return { who, case: row.case, figures, checks };
}

/** Rows with a timeline each by themselves; those without, as bars of one figure. */
function draw(folder: string, { name: scenario, shows }: Scenario, rows: readonly Row[]): void {
  mkdirSync(folder, { recursive: true });
  if (shows !== undefined) {
    const file = `${folder}/${scenario}.svg`;
    const lines = rows.flatMap(({ who, figures, ...row }) => {
      const value = figures[shows];
      return value === undefined ? [] : { name: row.case === undefined ? who : `${row.case}: ${who}`, value };
    });
    writeFileSync(file, bars(`${scenario} (seed ${seed})`, shows, lines));
    console.error(file);
  }
  for (const { who, report, ...row } of rows) {
    if (report === undefined || report.timeline.length === 0) continue;
    const title = [scenario, row.case, who].filter((part) => part !== undefined).join(', ');
    const file = `${folder}/${title.replaceAll(/[^\w]+/g, '-').toLowerCase()}.svg`;
    writeFileSync(file, picture(title, report));
    console.error(file);
  }
}
