/** A strict reader of the Prometheus text format 0.0.4; throws for whatever a scrape would refuse. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"`;
const SAMPLE = new RegExp(String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (\S+)$`);

export function parsed(text: string): Map<string, Family> {
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line must end');
  const families = new Map<string, Family>();
  let [name, help]: (string | undefined)[] = [undefined, undefined];
  for (const line of text.split('\n').slice(0, -1)) {
    const head = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line);
    if (head?.[1] === 'HELP') {
      [name, help] = [head[2], head[3]];
      if (families.has(String(name))) throw new Error(`${name} is there twice`);
    } else if (head?.[1] === 'TYPE') {
      if (head[2] !== name || !/^(?:counter|gauge|histogram)$/.test(head[3] ?? '')) throw new Error(line);
      families.set(String(name), { type: head[3] ?? '', help: help ?? '', samples: [] });
    } else {
      families.get(String(name))?.samples.push(sampleOf(line, String(name)));
    }
  }
  for (const [family, { type, samples }] of families)
    if (type === 'histogram') checkHistogram(family, samples);
  return families;
}

function sampleOf(line: string, family: string): Sample {
  const match = SAMPLE.exec(line);
  const [, name = '', all = ''] = match ?? [];
  const value = Number((match?.at(-1) ?? 'x').replace('Inf', 'Infinity'));
  if (!name.startsWith(family) || Number.isNaN(value)) throw new Error(`no sample: ${line}`);
  const labels = [...all.matchAll(new RegExp(LABEL, 'g'))].map(([, key = '', said = '']) => [
    key,
    said.replaceAll(/\\(.)/g, (_, char: string) => (char === 'n' ? '\n' : char)),
  ]);
  return { name, labels: Object.fromEntries(labels) as Record<string, string>, value };
}

/** Buckets rise, end at +Inf, and the last is the count. */
function checkHistogram(family: string, samples: readonly Sample[]): void {
  const series = grouped(samples);
  for (const all of series.values()) {
    const of = (suffix: string) => all.filter(({ name }) => name === `${family}${suffix}`);
    const ends = of('_bucket').map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
    const counts = of('_bucket').map(({ value }) => value);
    const rising = (list: readonly number[]) =>
      list.every((value, at) => at === 0 || value >= Number(list[at - 1]));
    const right =
      rising(ends) && rising(counts) && ends.at(-1) === Infinity && counts.at(-1) === of('_count')[0]?.value;
    if (!right || of('_sum').length !== 1) throw new Error(`no histogram: ${JSON.stringify(all)}`);
  }
}

function keyOf({ labels }: Sample): string {
  return JSON.stringify(Object.entries(labels).filter(([key]) => key !== 'le'));
}

function grouped(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) groups.set(keyOf(sample), [...(groups.get(keyOf(sample)) ?? []), sample]);
  return groups;
}
