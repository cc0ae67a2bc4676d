/** Replicas on a network that does everything to them, and clients that write, read and keep a history. */
import { compareTags, type Random, type Versioned } from 'evenkeel';
import {
  recordHistory,
  type RecordedHistory,
  seededRandom,
  type SimulatedNetwork,
  simulatedNetwork,
  type SimulatedNode,
  virtualClock,
  type VirtualClock,
} from 'evenkeel/testing';

export type Row = Versioned<string>;
export type Disk = Map<string, Row>;
export type Request = { readonly key: string; readonly put?: Row };
export type Replica = SimulatedNode<Disk, Request, Row | undefined>;

export interface World {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly network: SimulatedNetwork;
  readonly replicas: readonly Replica[];
  readonly history: RecordedHistory;
}

export const KEYS: readonly string[] = ['x', 'y'];

/** How a replica keeps what it is sent; a planted one does it wrongly. */
export type Keep = (disk: Disk, key: string, row: Row) => void;

export const ifNewer: Keep = (disk, key, row) => {
  const old = disk.get(key);
  if (old === undefined || compareTags(row.tag, old.tag) > 0) disk.set(key, row);
};

/** A network with so many replicas, whose weather is drawn from the seed too. */
export function world(seed: number, size: number, keep: Keep = ifNewer): World {
  const clock = virtualClock();
  const random = seededRandom(seed);
  const slow = random() < 0.5 ? 0.15 : 0;
  // Some are near each other and some are not, so that clients hear different quorums first.
  const distances = new Map<string, number>();
  const distance = (from: string, to: string): number => {
    const link = `${from} ${to}`;
    const known = distances.get(link) ?? 20 ** random();
    distances.set(link, known);
    return known;
  };
  const network = simulatedNetwork({
    clock,
    random,
    loss: random() < 0.7 ? 0.15 * random() : 0,
    duplication: random() < 0.5 ? 0.1 * random() : 0,
    // Now and then a message takes very long.
    delayMs: (draw, from, to) => distance(from, to) * (0.5 + draw()) + (draw() < slow ? 100 * draw() : 0),
  });
  const replicas = Array.from({ length: size }, (_, n) =>
    network.node(`r${n}`, {
      disk: (): Disk => new Map(),
      handle: (disk, { key, put }: Request) => {
        if (put !== undefined) keep(disk, key, put);
        return disk.get(key);
      },
    }),
  );
  return { clock, random, network, replicas, history: recordHistory() };
}

/** What a client does to the register, whatever it is made of. */
export interface RegisterClient {
  read(key: string): Promise<{ readonly value: unknown; readonly tag: string | undefined }>;
  /** Resolves with the tag; rejects with `undefined` if nothing was done, else with what is known of the tag. */
  write(key: string, value: string): Promise<string>;
  /** The same, of what leaves nothing. */
  erase?(key: string): Promise<string>;
}

/** What a write that failed is known to have done. */
export interface Failure {
  readonly outcome: 'not-applied' | 'indeterminate';
  readonly tag?: string | undefined;
}

const OPERATIONS = 10;

/** Clients at work until each has done its part, while a nemesis does what it can. */
export async function trouble(
  { clock, random, network, replicas, history }: World,
  clients: readonly RegisterClient[],
  meanwhile: (during: Promise<unknown>) => Promise<unknown> = async () => {},
): Promise<void> {
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  let written = 0;
  const work = async (client: RegisterClient, name: string): Promise<void> => {
    for (let n = 0; n < OPERATIONS; n++) {
      const key = KEYS[random() < 0.7 ? 0 : 1] ?? '';
      if (random() < 0.6) {
        const read = history.called({ type: 'read', key, value: undefined, client: name });
        await client.read(key).then(
          (found) => read.returned(found),
          () => read.unknown(),
        );
      } else {
        const erases = client.erase !== undefined && random() < 0.15;
        const value = erases ? undefined : `${name}.${++written}`;
        const write = history.called({ type: 'write', key, value, client: name });
        const done = value === undefined ? client.erase?.(key) : client.write(key, value);
        await done?.then(
          (tag) => write.returned({ tag }),
          ({ outcome, tag }: Failure) =>
            outcome === 'not-applied' ? write.refused() : write.unknown({ tag }),
        );
      }
      if (random() < 0.5) await sleep(20 * random());
    }
  };
  const state = { over: false };
  const names = clients.map((_, n) => `c${n}`);
  const nemesis = async (): Promise<void> => {
    while (!state.over) {
      await sleep(60 * random());
      const victim = replicas[Math.floor(random() * replicas.length)] as Replica;
      const what = random();
      if (what < 0.25) network.partition(...split([...names, ...replicas.map(({ name }) => name)], random));
      else if (what < 0.35) network.cut(victim.name, names[0] ?? '');
      else if (what < 0.55) network.heal();
      else if (what < 0.7 && mostAreUp(replicas)) victim.crash(random() < 0.5 ? 'silent' : 'refuse');
      else if (what < 0.8) for (const replica of replicas) if (replica.state === 'down') replica.restart();
      if (what >= 0.8 && what < 0.9 && mostAreUp(replicas)) victim.freeze();
      else if (what >= 0.9) for (const replica of replicas) replica.thaw();
    }
  };
  const all = Promise.all(clients.map((client, n) => work(client, names[n] ?? '')));
  const done = Promise.all([all, meanwhile(all)]).finally(() => (state.over = true));
  done.catch(() => {});
  void nemesis();
  // Each operation ends by its own limits, so this does too.
  while (!state.over) await clock.advance(200);
  await done;
}

function mostAreUp(replicas: readonly Replica[]): boolean {
  return replicas.filter(({ state }) => state === 'up').length - 1 > replicas.length / 2;
}

function split(names: readonly string[], random: Random): [string[], string[]] {
  const groups: [string[], string[]] = [[], []];
  const share = random();
  for (const name of names) groups[random() < share ? 0 : 1].push(name);
  return groups;
}
