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

export class ClientThrottle {
  readonly #requests: RollingWindow;
  readonly #accepts: RollingWindow;
  readonly #refused: RollingWindow;
  readonly #minimumRefused: number;

  constructor(windowMs: number, minimumRefused: number) {
    this.#requests = new RollingWindow(windowMs);
    this.#accepts = new RollingWindow(windowMs);
    this.#refused = new RollingWindow(windowMs);
    this.#minimumRefused = minimumRefused;
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

  /** The part of calls to refuse, from 0 to `max`. */
  rejection(nowMs: number, k: number, max: number): number {
    this.#requests.advance(nowMs);
    this.#accepts.advance(nowMs);
    this.#refused.advance(nowMs);
    if (this.#refused.sum < this.#minimumRefused) return 0;
    const excess = this.#requests.sum - k * this.#accepts.sum;
    return excess <= 0 ? 0 : Math.min(max, excess / (this.#requests.sum + 1));
  }
}
