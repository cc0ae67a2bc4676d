/**
 * One attempt: out over the network, through the server, and back; or given up by its caller on the way.
 */
import { type AbortHook, type AbortSource, unlink } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { contextOf } from '../../core/context.ts';
import type { CallOptions } from '../../core/transport.ts';
import { Job, type SimulatedServer } from './server.ts';
import type { FleetReply } from './server-control.ts';

export class Exchange extends Job implements AbortHook {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  readonly #asks: 'work' | 'load';
  readonly #server: SimulatedServer;
  readonly #oneWayMs: number;
  readonly #clock: Clock;
  readonly #resolve: (reply: FleetReply) => void;
  readonly #reject: (reason: unknown) => void;
  #signal: AbortSignal | undefined = undefined;
  #settled = false;

  constructor(
    asks: 'work' | 'load',
    server: SimulatedServer,
    oneWayMs: number,
    clock: Clock,
    resolve: (reply: FleetReply) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.#asks = asks;
    this.#server = server;
    this.#oneWayMs = oneWayMs;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(options: CallOptions | undefined): void {
    this.#listen(options);
    if (this.#settled) return;
    if (this.#oneWayMs === 0) this.#arrive();
    else this.timer = this.#clock.setTimeout(() => this.#arrive(), this.#oneWayMs);
  }

  answer(reply: FleetReply): void {
    this.#comeBack(false, reply);
  }

  fail(error: unknown): void {
    this.state = 'over';
    this.#comeBack(true, error);
  }

  /** The caller has left: it is told at once, and so is the server, unless it does not listen. */
  abort(reason: unknown): void {
    if (this.#settled) return;
    this.#settle(true, reason);
    if (this.#server.spec.abandoned === 'freed') this.#server.drop(this);
  }

  handleEvent(): void {
    this.abort(this.#signal?.reason);
  }

  /** Evenkeel's own layers tell a hook, which costs little; anybody else a signal. */
  #listen(options: CallOptions | undefined): void {
    const context = options && contextOf(options);
    if (context !== undefined && (context as CallOptions) === options) {
      context.onAbort(this);
      return;
    }
    const signal = options?.signal;
    if (!signal) return;
    if (signal.aborted) {
      this.#settle(true, signal.reason);
      return;
    }
    this.#signal = signal;
    signal.addEventListener('abort', this);
  }

  #arrive(): void {
    if (this.#asks === 'work') this.#server.accept(this);
    else this.#server.probe(this);
  }

  #comeBack(failed: boolean, result: unknown): void {
    if (this.#oneWayMs === 0) this.#settle(failed, result);
    else this.timer = this.#clock.setTimeout(() => this.#settle(failed, result), this.#oneWayMs);
  }

  #settle(failed: boolean, result: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.owner !== undefined) unlink(this);
    this.#signal?.removeEventListener('abort', this);
    if (failed) this.#reject(result);
    else this.#resolve(result as FleetReply);
  }
}
