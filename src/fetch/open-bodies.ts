/**
 * Bodies that have not been read to their end. Each counts as in flight at its server, but one that its caller
 * has forgotten must not count for ever: at each new call those that are too old are let go. No timer runs.
 */
import { onBodyEnd } from './body-end.ts';

interface OpenBody {
  readonly sinceMs: number;
  readonly ended: (failed: boolean) => void;
}

export class OpenBodies {
  readonly #maxBodyMs: number;
  // In order of age.
  readonly #open = new Set<OpenBody>();

  constructor(maxBodyMs: number) {
    this.#maxBodyMs = maxBodyMs;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Calls `ended` once: when the body ends, or has been open for too long. */
  add(response: Response, nowMs: number, ended: (failed: boolean) => void): void {
    const body: OpenBody = { sinceMs: nowMs, ended };
    this.#open.add(body);
    onBodyEnd(response, (failed) => this.#end(body, failed));
  }

  sweep(nowMs: number): void {
    if (this.#open.size === 0) return;
    for (const body of this.#open) {
      if (nowMs - body.sinceMs < this.#maxBodyMs) return;
      this.#end(body, false);
    }
  }

  #end(body: OpenBody, failed: boolean): void {
    if (this.#open.delete(body)) body.ended(failed);
  }
}
