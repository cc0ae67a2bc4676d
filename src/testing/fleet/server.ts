/**
 * A simulated server: a queue, first in first out, and some slots that work. It can be slow, fail, hang, refuse
 * and restart, as the script says.
 */
import type { Clock, TimerHandle } from '../../core/clock.ts';
import { checkDuration, checkNumber } from '../../core/options.ts';
import type { Random } from '../../core/random.ts';
import { FleetError } from './fleet-error.ts';
import { Integral } from './integral.ts';
import type { CheckedServer } from './options.ts';
import type { FleetProbe, FleetReply, FleetServerControl } from './server-control.ts';

/** A request, as the server has it. */
export abstract class Job {
  state: 'travelling' | 'queued' | 'serving' | 'over' = 'travelling';
  arrivedMs = 0;
  /** How many requests the server had when this one came. */
  met = 0;
  timer: TimerHandle = undefined;
  abstract answer(reply: FleetReply): void;
  abstract fail(error: unknown): void;
}

type Mode = 'well' | 'failing' | 'hanging' | 'refusing';

/** How many answers are remembered for each number of requests that they met, up to which number, how long. */
const [REMEMBERED, MOST_MET, FORGOTTEN_MS] = [16, 255, 10_000];

export class SimulatedServer implements FleetServerControl {
  /** As it joined last. */
  spec: CheckedServer;
  /** Its place in the ledger. */
  readonly index: number;
  /** Slots at work, and weight in the membership, over time. */
  readonly busy: Integral;
  readonly member: Integral;
  /** What has happened since the counting began. */
  readonly counts: { shed: number; maxQueue: number } = { shed: 0, maxQueue: 0 };
  readonly #clock: Clock;
  readonly #random: Random;
  // By how many requests they had met when they came.
  readonly #latencies: { readonly answers: { ms: number; atMs: number }[]; count: number }[] = [];
  #mode: Mode = 'well';
  #factor = 1;
  #failure: { readonly afterMs: number; readonly error: unknown } = { afterMs: 1, error: undefined };
  #serving = new Set<Job>();
  // Jobs whose caller has left stay in the list, over, until it is tidied.
  #queue: Job[] = [];
  #head = 0;
  #queued = 0;

  constructor(
    spec: CheckedServer,
    index: number,
    clock: Clock,
    random: Random,
    fromMs: number,
    toMs: number,
  ) {
    this.spec = spec;
    this.index = index;
    this.#clock = clock;
    this.#random = random;
    this.busy = new Integral(fromMs, toMs);
    this.member = new Integral(fromMs, toMs);
  }

  slow(factor: number): void {
    this.#factor = checkNumber('simulateFleet', 'slow', factor, 0);
  }

  fail(failure: { readonly afterMs?: number; readonly error?: unknown } = {}): void {
    const afterMs = checkDuration('simulateFleet', 'fail.afterMs', failure.afterMs ?? 1);
    this.#failure = { afterMs, error: failure.error ?? new FleetError('FLEET_FAILED', this.spec.id) };
    this.#mode = 'failing';
  }

  hang(): void {
    this.#mode = 'hanging';
    const waiting = this.#queue.slice(this.#head);
    for (const job of this.#serving) {
      this.#clock.clearTimeout(job.timer);
      job.state = 'queued';
    }
    this.#queue = [...this.#serving, ...waiting];
    this.#head = 0;
    this.#queued += this.#serving.size;
    this.#serving.clear();
    this.busy.set(this.#clock.now(), 0);
  }

  refuse(): void {
    this.#mode = 'refusing';
  }

  well(): void {
    this.#mode = 'well';
    this.#factor = 1;
    this.#next();
  }

  restart(): void {
    const lost = [
      ...this.#serving,
      ...this.#queue.slice(this.#head).filter(({ state }) => state === 'queued'),
    ];
    for (const job of this.#serving) this.#clock.clearTimeout(job.timer);
    this.#serving.clear();
    this.#queue = [];
    this.#head = this.#queued = 0;
    this.busy.set(this.#clock.now(), 0);
    for (const job of lost) job.fail(new FleetError('ECONNRESET', this.spec.id));
    this.well();
  }

  /** From now on it is counted. */
  count(): void {
    this.counts.shed = 0;
    this.counts.maxQueue = this.#queued;
  }

  get load(): FleetReply {
    return { server: this.spec.id, inFlight: this.#serving.size + this.#queued, queue: this.#queued };
  }

  /** A request has arrived. */
  accept(job: Job): void {
    job.arrivedMs = this.#clock.now();
    job.met = Math.min(MOST_MET, this.load.inFlight);
    if (this.#mode === 'refusing') job.fail(new FleetError('ECONNREFUSED', this.spec.id));
    else if (this.#mode === 'failing') this.#failLater(job);
    else if (this.#mode === 'well' && this.#serving.size < this.spec.slots) this.#serve(job);
    else if (this.#mode === 'well' && this.#queued >= this.spec.maxQueue) this.#shed(job);
    else this.#enqueue(job);
  }

  /** The caller of a request has left, and the server has noticed. */
  drop(job: Job): void {
    this.#clock.clearTimeout(job.timer);
    if (job.state === 'queued') this.#queued--;
    if (this.#serving.delete(job)) {
      this.busy.set(this.#clock.now(), this.#serving.size);
      this.#next();
    }
    job.state = 'over';
  }

  /** A question about its load; it costs nothing to answer. */
  probe(job: Job): void {
    if (this.#mode === 'refusing') job.fail(new FleetError('ECONNREFUSED', this.spec.id));
    else if (this.#mode === 'failing') job.fail(this.#failure.error);
    else if (this.#mode === 'well') {
      const probe: FleetProbe = { ...this.load, latencyMs: this.#medianMs() };
      job.answer(probe);
    }
  }

  #serve(job: Job): void {
    job.state = 'serving';
    this.#serving.add(job);
    this.busy.set(this.#clock.now(), this.#serving.size);
    const { serviceMs } = this.spec;
    const ms = typeof serviceMs === 'number' ? serviceMs : serviceMs(this.#random);
    checkDuration('simulateFleet', 'serviceMs', ms);
    job.timer = this.#clock.setTimeout(() => this.#finish(job), ms * this.#factor);
  }

  #finish(job: Job): void {
    this.#serving.delete(job);
    this.busy.set(this.#clock.now(), this.#serving.size);
    const same = (this.#latencies[job.met] ??= { answers: [], count: 0 });
    const atMs = this.#clock.now();
    same.answers[same.count++ % REMEMBERED] = { ms: atMs - job.arrivedMs, atMs };
    this.#next();
    job.state = 'over';
    job.answer(this.load);
  }

  /** Whoever waits longest is served, while there is a slot. */
  #next(): void {
    while (this.#mode !== 'hanging' && this.#serving.size < this.spec.slots && this.#queued > 0) {
      const job = this.#queue[this.#head++] as Job;
      if (job.state !== 'queued') continue;
      this.#queued--;
      this.#serve(job);
    }
  }

  #enqueue(job: Job): void {
    job.state = 'queued';
    // Tidied when more than half of it is gone, so that each job is moved about once.
    if (this.#queue.length > 2 * this.#queued + 1024) {
      this.#queue = this.#queue.slice(this.#head).filter(({ state }) => state === 'queued');
      this.#head = 0;
    }
    this.#queue.push(job);
    this.#queued++;
    this.counts.maxQueue = Math.max(this.counts.maxQueue, this.#queued);
  }

  #shed(job: Job): void {
    this.counts.shed++;
    job.fail(new FleetError('FLEET_SHED', this.spec.id));
  }

  #failLater(job: Job): void {
    const { afterMs, error } = this.#failure;
    job.timer = this.#clock.setTimeout(() => job.fail(error), afterMs);
  }

  /** Of answers that met about as many requests as there are now: what a request would take that came now. */
  #medianMs(): number {
    const now = Math.min(MOST_MET, this.load.inFlight);
    const sinceMs = this.#clock.now() - FORGOTTEN_MS;
    for (let away = 0; away <= MOST_MET; away++) {
      const same = this.#latencies[now - away] ?? this.#latencies[now + away];
      const fresh = same?.answers.filter(({ atMs }) => atMs >= sinceMs) ?? [];
      if (fresh.length === 0) continue;
      const sorted = fresh.map(({ ms }) => ms).sort((a, b) => a - b);
      return sorted[sorted.length >> 1] ?? 0;
    }
    return 0;
  }
}
