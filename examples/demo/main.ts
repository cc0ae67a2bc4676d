/**
 * The main job, on real servers: four HTTP servers slow down, fail, die and come back, while two callers keep
 * calling: a plain round-robin fetch, and evenkeel.
 *
 *   npm run demo [-- --json]
 */
import type { ObserverEvent } from 'evenkeel';
import { evenkeelClient, roundRobinClient } from './clients.ts';
import { drive, type Load } from './load.ts';
import { quorumDemo } from './quorum.ts';
import { phaseLines, type PhaseReport, table } from './report.ts';
import { killAll, type Server, startServers } from './servers.ts';

const json = process.argv.includes('--json');
const LOAD: Load = { calls: 400, perSecond: 160, paths: 200 };
const WARM_UP: Load = { calls: 40, perSecond: 40, paths: 10 };

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAll();
    process.exit(130);
  });
}

const startMs = performance.now();
const servers = await startServers(['alpha', 'beta', 'gamma', 'delta']);
const [alpha, beta, gamma] = servers as [Server, Server, Server, Server];
const nameOf = new Map(servers.map(({ origin, name }) => [origin, name]));
const later = (ms: number, act: () => unknown): void => void setTimeout(act, ms);

/** What happens in each phase; some of it while the calls run. */
const PHASES: readonly [phase: string, happens: () => unknown][] = [
  ['all four are well', () => {}],
  ['alpha becomes ten times slower', () => later(500, () => alpha.behave('slow'))],
  ['beta answers 500 at once, too', () => later(500, () => beta.behave('failing'))],
  ['gamma is killed, too', () => later(500, () => gamma.kill())],
  ['the whole origin is gone', () => Promise.all(servers.map((server) => server.kill()))],
  ['all are back', () => Promise.all(servers.map((server) => server.start()))],
];

let events: string[] = [];
const listen = ({ room, type, endpoint, reason }: ObserverEvent): void => {
  if (room !== 'health' || type === 'spared') return;
  // Of this process as a whole there is no endpoint to name: most servers cannot be reached at once, or can again.
  const origin = endpoint as string | undefined;
  const line =
    origin === undefined
      ? `this client is ${type}`
      : `${nameOf.get(origin) ?? origin} ${type}: ${String(reason)}`;
  if (!events.includes(line)) events.push(line);
};

try {
  const clients = [evenkeelClient(servers, listen), roundRobinClient(servers)];
  // Connections opened and code compiled, so that the first phase measures servers and not start-up.
  await drive(clients, WARM_UP);
  const phases: PhaseReport[] = [];
  for (const [phase, happens] of PHASES) {
    events = [];
    await happens();
    const [evenkeel, roundRobin] = await drive(clients, LOAD);
    if (evenkeel === undefined || roundRobin === undefined) throw new Error('two clients, two figures');
    const report = { phase, evenkeel, roundRobin, events };
    phases.push(report);
    if (!json) console.log(phaseLines(report));
  }
  const quorum = await quorumDemo();
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  console.log(json ? JSON.stringify({ phases, quorum, seconds }, null, 2) : table(phases, quorum));
  const failed = phases.reduce((sum, { evenkeel }) => sum + evenkeel.failed, 0);
  if (failed > 0 || !quorum.ok) process.exitCode = 1;
} finally {
  killAll();
}
