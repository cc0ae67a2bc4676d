/** A report's timeline as an SVG: latencies, failures and shares over time. */
import type { FleetFigures, FleetReport } from 'evenkeel/testing';

const WIDTH = 760;
const HEIGHT = 150;
const LEFT = 64;
const GAP = 46;
const COLOURS = [
  '#0b6e99',
  '#c2410c',
  '#4d7c0f',
  '#7e22ce',
  '#a16207',
  '#be123c',
  '#0f766e',
  '#1d4ed8',
  '#57534e',
];

interface Line {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly number[];
}

/** What a report's timeline shows, under a title. */
export function picture(title: string, report: FleetReport): string {
  const { timeline } = report;
  const line = (name: string, colour: number, value: (figures: FleetFigures) => number): Line => ({
    name,
    colour: COLOURS[colour % COLOURS.length] as string,
    values: timeline.map(value),
  });
  const perSecond = ({ fromMs, toMs, failed }: FleetFigures): number => (failed * 1000) / (toMs - fromMs);
  const panels = [
    panel('latency, ms', [
      line('p50', 0, ({ latencyMs }) => latencyMs.p50),
      line('p99', 1, ({ latencyMs }) => latencyMs.p99),
    ]),
    panel('failed per second', [line('failed', 5, perSecond)]),
    panel(
      'share of the attempts, %',
      report.servers.map(({ id }, n) => line(id, n, ({ shares }) => 100 * (shares[id] ?? 0))),
    ),
  ];
  const height = 30 + panels.length * (HEIGHT + GAP) + 10;
  const body = panels.map(
    (content, n) => `<g transform="translate(${LEFT} ${46 + n * (HEIGHT + GAP)})">${content}</g>`,
  );
  const seconds = report.toMs / 1000;
  const times = [0, 0.25, 0.5, 0.75, 1].map(
    (part) =>
      `<text x="${LEFT + part * WIDTH}" y="${height - 12}" text-anchor="middle">${round(part * seconds)} s</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 16} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" font-size="15">${escaped(title)} (${seconds} s, seed ${report.seed})</text>`,
    ...body,
    ...times,
    '</svg>\n',
  ].join('\n');
}

const ROW = 18;
const LABEL = 330;

/** One figure of many rows as bars, on a logarithmic scale where they are far apart. */
export function bars(
  title: string,
  figure: string,
  rows: readonly { readonly name: string; readonly value: number }[],
): string {
  const values = rows.map(({ value }) => value).filter((value) => value > 0 && value < Infinity);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = most > 20 * least;
  const part = (value: number): number => {
    if (!(value > 0)) return 0;
    if (!(value < Infinity)) return 1;
    return logarithmic ? Math.log10((10 * value) / least) / Math.log10((10 * most) / least) : value / most;
  };
  const wide = WIDTH - LABEL - 60;
  const lines = rows.map(
    ({ name, value }, n) =>
      `<g transform="translate(0 ${52 + n * ROW})"><text x="${LABEL - 6}" y="12" text-anchor="end">${escaped(name)}</text>` +
      `<rect x="${LABEL}" width="${round(part(value) * wide)}" height="14" fill="${COLOURS[0]}"/>` +
      `<text x="${LABEL + round(part(value) * wide) + 6}" y="12">${Number(value.toPrecision(3))}</text></g>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${64 + rows.length * ROW}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="20" font-size="15">${escaped(title)}</text>`,
    `<text x="${LABEL}" y="42">${escaped(figure)}${logarithmic ? ', logarithmic' : ''}</text>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}

function panel(name: string, lines: readonly Line[]): string {
  const top = nice(Math.max(0, ...lines.flatMap(({ values }) => values)));
  const steps = Math.max(1, (lines[0]?.values.length ?? 1) - 1);
  const points = (values: readonly number[]): string =>
    values
      .map((value, n) => `${round((n / steps) * WIDTH)},${round(HEIGHT - (value / top) * HEIGHT)}`)
      .join(' ');
  // More names than fit beside each other would only cover each other.
  const legend = lines.length > 12 ? [] : lines;
  return [
    `<text y="-6">${escaped(name)}</text>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#ccc"/>`,
    ...[0, 0.5, 1].map(
      (part) => `<text x="-6" y="${HEIGHT * (1 - part) + 4}" text-anchor="end">${round(top * part)}</text>`,
    ),
    ...lines.map(
      ({ colour, values }) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${points(values)}"/>`,
    ),
    ...legend.map(
      (one, n) => `<text x="${190 + n * 50}" y="-6" fill="${one.colour}">${escaped(one.name)}</text>`,
    ),
  ].join('\n');
}

/** The next of 1, 2, 5, 10, 20, … */
function nice(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((digit) => digit * power).find((step) => step >= value) ?? value;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
