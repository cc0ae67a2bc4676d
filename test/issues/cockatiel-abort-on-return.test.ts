/**
 * cockatiel's timeout aborted its signal when the function had returned, so that a fetch's body died while
 * it was read. Here a settled call's signal is never aborted.
 */
import { timeout } from 'evenkeel';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('leaves the signal alone once the call has settled, so that a body can be read', async () => {
  const clock = virtualClock();
  let signal: AbortSignal | undefined;
  const response = await timeout({ timeoutMs: 10, clock }).run(async (context) => {
    signal = context.signal;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        context.signal.addEventListener('abort', () => controller.error(context.signal.reason));
        clock.setTimeout(() => {
          controller.enqueue(new TextEncoder().encode('whole'));
          controller.close();
        }, 1000);
      },
    });
    return new Response(body);
  });
  const text = response.text();
  await clock.advance(1000);
  expect(await text).toBe('whole');
  expect(signal?.aborted).toBe(false);
});
