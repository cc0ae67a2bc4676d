/**
 * failsafe-go 65 and 123: with a retry around a hedge, or a time limit, the context of the request that had won was
 * cancelled when the call returned, and its body could not be read. Here only losers are aborted.
 */
import { pipe, retry, timeout, type Transport } from 'evenkeel';
import { hedge } from 'evenkeel/policies';
import { virtualClock } from 'evenkeel/testing';
import { expect, it } from 'vitest';

it('leaves the body of the response that has won readable, through a retry and a time limit', async () => {
  const clock = virtualClock();
  // A server whose headers come at once, or late for the first attempt, and whose body comes in pieces.
  const wire: Transport<string, Response> = async (_, options) => {
    const signal = options?.signal as AbortSignal;
    const { attempt } = options as { attempt: number };
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, attempt === 1 ? 500 : 1));
    signal.throwIfAborted();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        signal.addEventListener('abort', () => controller.error(signal.reason));
        for (const piece of ['one ', 'two ', 'three']) {
          await new Promise<void>((resolve) => void clock.setTimeout(resolve, 50));
          if (!signal.aborted) controller.enqueue(new TextEncoder().encode(piece));
        }
        if (!signal.aborted) controller.close();
      },
    });
    return new Response(body);
  };
  const call = pipe(wire, hedge({ delayMs: 5, clock }), retry({ clock }), timeout({ timeoutMs: 100, clock }));
  const answer = call('x');
  await clock.advance(6);
  const text = (await answer).text();
  await clock.advance(1000);
  expect(await text).toBe('one two three');
});
