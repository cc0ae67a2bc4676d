/**
 * Client-side throttling (Beyer and others, "Site Reliability Engineering", 2016, chapter 21): a client that is
 * refused refuses a part of its calls itself, because refusing costs a server too.
 *
 *   p = max(0, (requests − k · accepts) / (requests + 1)), over a window, at most so high that some get through
 *
 * Requests count before they are sent, those refused here included, so the part grows with the load and falls with
 * what the server accepts. With k = 2 the server sees at most about twice what it accepts.
 *
 * The formula alone takes calls that are still on their way for refused ones, and would refuse the burst with
 * which a client starts. So nothing is refused here before the server, or the network, has refused some.
 */
import { RollingWindow } from './rolling-window.ts';

/** What was counted within the window, as plain data. */
export interface ThrottleState {
  readonly requests: number;
  readonly accepts: number;
  readonly refused: number;
}

export class ClientThrottle {
  readonly #requests: RollingWindow;
  readonly #accepts: RollingWindow;
  readonly #refused: RollingWindow;

  constructor(windowMs: number) {
    this.#requests = new RollingWindow(windowMs);
    this.#accepts = new RollingWindow(windowMs);
    this.#refused = new RollingWindow(windowMs);
  }

  get requests(): number {
    return this.#requests.sum;
  }

  get accepts(): number {
    return this.#accepts.sum;
  }

  /** A call is about to be made. */
  requested(nowMs: number): void {
    this.#requests.add(nowMs, 1);
  }

  /** The server took a call on. */
  accepted(nowMs: number): void {
    this.#accepts.add(nowMs, 1);
  }

  /** The server, or the network, did not. */
  refused(nowMs: number): void {
    this.#refused.add(nowMs, 1);
  }

  /** Nobody will know what became of a call: as if it had not been made. */
  withdrawn(nowMs: number): void {
    this.#requests.add(nowMs, -1);
  }

  /** What is within the window, as plain data. */
  export(nowMs: number): ThrottleState {
    this.#advance(nowMs);
    return { requests: this.requests, accepts: this.accepts, refused: this.#refused.sum };
  }

  /** Adds what another has counted, as of now. */
  hydrate({ requests, accepts, refused }: ThrottleState, nowMs: number): void {
    this.#requests.add(nowMs, requests);
    this.#accepts.add(nowMs, accepts);
    this.#refused.add(nowMs, refused);
  }

  /** The part of calls to refuse, from 0 to `max`; 0 while the server has refused fewer than `minimumRefused`. */
  rejection(nowMs: number, k: number, max: number, minimumRefused: number): number {
    this.#advance(nowMs);
    if (this.#refused.sum < minimumRefused) return 0;
    const excess = this.#requests.sum - k * this.#accepts.sum;
    return excess <= 0 ? 0 : Math.min(max, excess / (this.#requests.sum + 1));
  }

  #advance(nowMs: number): void {
    this.#requests.advance(nowMs);
    this.#accepts.advance(nowMs);
    this.#refused.advance(nowMs);
  }
}
