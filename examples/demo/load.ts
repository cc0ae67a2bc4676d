/** An open load: calls begin at a fixed rate, however slowly they are answered, as users do. */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './clients.ts';

export interface Figures {
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly shareByServer: Readonly<Record<string, number>>;
  readonly stale: number;
}

export interface Load {
  readonly calls: number;
  readonly perSecond: number;
  /** How many different users are asked for. */
  readonly paths: number;
}

/** Drives all clients at once, with the same calls. */
export async function drive(clients: readonly Client[], load: Load): Promise<Figures[]> {
  const runs = clients.map((client) => new Run(client));
  const startMs = performance.now();
  for (let call = 0; call < load.calls; call++) {
    const dueMs = startMs + (call * 1000) / load.perSecond;
    if (performance.now() < dueMs) await sleep(dueMs - performance.now());
    for (const run of runs) run.call(`/users/${call % load.paths}`);
  }
  return Promise.all(runs.map((run) => run.figures()));
}

class Run {
  readonly #client: Client;
  readonly #calls: Promise<void>[] = [];
  readonly #latencies: number[] = [];
  readonly #servers = new Map<string, number>();
  #failed = 0;
  #stale = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  call(path: string): void {
    this.#calls.push(this.#measure(path));
  }

  async figures(): Promise<Figures> {
    await Promise.all(this.#calls);
    const sorted = this.#latencies.sort((a, b) => a - b);
    const at = (share: number): number =>
      Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
    const answered = [...this.#servers.values()].reduce((sum, count) => sum + count, 0);
    const shares = [...this.#servers]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, count]) => [name, Math.round((count / answered) * 1000) / 1000]);
    return {
      calls: this.#calls.length,
      failed: this.#failed,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      shareByServer: Object.fromEntries(shares) as Record<string, number>,
      stale: this.#stale,
    };
  }

  async #measure(path: string): Promise<void> {
    const startMs = performance.now();
    try {
      const { server, stale } = await this.#client.get(path);
      if (stale) this.#stale++;
      else this.#servers.set(server, (this.#servers.get(server) ?? 0) + 1);
    } catch {
      this.#failed++;
    }
    this.#latencies.push(performance.now() - startMs);
  }
}
