/** Waiting until something holds, with a bound and an early end. */
import { hookOf, unlink } from './abort.ts';
import type { Clock } from './clock.ts';
import type { Context } from './context.ts';

export interface Wait {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Calls back whenever it may hold; answers with how to stop that. */
  subscribe(changed: () => void): () => void;
  holds(): boolean;
  /** What to reject with when the time is up. */
  late(): Error;
}

/** Resolves once it holds; rejects when the time is up, or at once when the call is aborted. */
export function until(wait: Wait, context?: Context): Promise<void> {
  if (wait.holds()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      stop();
      unlink(hook);
      wait.clock.clearTimeout(timer);
    };
    const hook = hookOf((reason) => {
      end();
      reject(reason);
    });
    const timer = wait.clock.setTimeout(() => {
      end();
      reject(wait.late());
    }, wait.timeoutMs);
    const stop = wait.subscribe(() => {
      if (!wait.holds()) return;
      end();
      resolve();
    });
    context?.onAbort(hook);
  });
}
