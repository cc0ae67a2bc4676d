/** Waits that end early when the call is aborted, and leave no timer and no hook behind. */
import { hookOf, unlink } from './abort.ts';
import type { Context } from './context.ts';

/** Resolves after `ms`; rejects with the reason when the call is aborted first. */
export function sleep(ms: number, context: Context): Promise<void> {
  const { clock } = context.call;
  return new Promise((resolve, reject) => {
    const hook = hookOf((reason) => {
      clock.clearTimeout(timer);
      reject(reason);
    });
    const timer = clock.setTimeout(() => {
      unlink(hook);
      resolve();
    }, ms);
    context.onAbort(hook);
  });
}
