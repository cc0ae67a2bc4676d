/** What the demo prints: a line per phase while it runs, and a table at the end. */
import type { Figures } from './load.ts';
import type { QuorumResult } from './quorum.ts';

export interface PhaseReport {
  readonly phase: string;
  readonly evenkeel: Figures;
  readonly roundRobin: Figures;
  readonly events: readonly string[];
}

const shares = ({ shareByServer }: Figures): string =>
  Object.entries(shareByServer)
    .map(([name, share]) => `${name} ${Math.round(share * 100)} %`)
    .join(', ') || 'nobody';

export function phaseLines({ phase, evenkeel, roundRobin, events }: PhaseReport): string {
  const line = (name: string, figures: Figures): string =>
    `  ${name.padEnd(12)} failed ${String(figures.failed).padStart(4)} of ${figures.calls}` +
    `   p50 ${figures.p50Ms} ms   p99 ${figures.p99Ms} ms   answered by ${shares(figures)}` +
    (figures.stale > 0 ? `   ${figures.stale} stale` : '');
  return [
    `\n${phase}`,
    line('evenkeel', evenkeel),
    line('round robin', roundRobin),
    ...events.map((event) => `    ${event}`),
  ].join('\n');
}

export function table(phases: readonly PhaseReport[], quorum: QuorumResult): string {
  const row = (cells: readonly unknown[]): string =>
    `${String(cells[0]).padEnd(46)}${cells
      .slice(1)
      .map((cell) => String(cell).padStart(16))
      .join('')}`;
  const total = (pick: (phase: PhaseReport) => Figures): number =>
    phases.reduce((sum, phase) => sum + pick(phase).failed, 0);
  return [
    '',
    row(['', 'failed', 'failed', 'p99 ms', 'p99 ms']),
    row(['', 'evenkeel', 'round robin', 'evenkeel', 'round robin']),
    ...phases.map(({ phase, evenkeel, roundRobin }) =>
      row([phase, evenkeel.failed, roundRobin.failed, evenkeel.p99Ms, roundRobin.p99Ms]),
    ),
    row(['all', total(({ evenkeel }) => evenkeel), total(({ roundRobin }) => roundRobin), '', '']),
    '',
    `quorum of ${quorum.replicas} with ${quorum.dead} dead: ${quorum.acks} acknowledged the write ` +
      `(${quorum.required} needed), read back '${String(quorum.value)}'`,
  ].join('\n');
}
