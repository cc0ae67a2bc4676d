/**
 * Background work in the async context of whoever created the object (law 8), without `node:async_hooks`: a
 * promise reaction armed at construction runs in the context of its arming, whoever resolves the promise; and
 * since it arms the next one inside itself, so do all that follow.
 */
export class Background {
  readonly #jobs: (() => void)[] = [];
  #wake: () => void = () => {};

  constructor() {
    this.#arm();
  }

  /** Runs the job soon, in the creator's async context. A job must not throw. */
  run(job: () => void): void {
    this.#jobs.push(job);
    this.#wake();
  }

  #arm(): void {
    void new Promise<void>((resolve) => {
      this.#wake = resolve;
    }).then(() => {
      this.#arm();
      for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) job();
    });
  }
}
