/** Findings as text: a line per contender and case, and under it what a bound says of it. */
import { type Row, type Scenario, show } from './scenario.ts';

export function table(
  { name, asks, reference }: Scenario,
  rows: readonly Row[],
  seed: number,
  seconds: number,
): string {
  const columns = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  const lines = [
    ['', ...columns],
    ...rows.map((row) => [
      row.case === undefined ? row.who : `${row.case}: ${row.who}`,
      ...columns.map((column) => {
        const figure = row.figures[column];
        return figure === undefined ? '' : show(figure);
      }),
    ]),
  ];
  const widths = ['', ...columns].map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('   '),
  );
  const checks = rows.flatMap((row) =>
    row.checks.map(
      ({ figure, value, bound, holds }) =>
        `  ${holds ? 'holds ' : 'MISSES'}  ${[row.case, row.who].filter(Boolean).join(': ')}: ` +
        `${figure} ${show(value)}, wanted ${bound}`,
    ),
  );
  return [
    '',
    `${name} (seed ${seed}, ${seconds} s)`,
    asks,
    ...reference.map((line) => `  reference: ${line}`),
    '',
    ...text,
    '',
    ...checks,
  ].join('\n');
}
