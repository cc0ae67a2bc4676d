import { type ObserverEvent, isOptionError } from 'evenkeel';
import { agree, isQuorumError, type QuorumError } from 'evenkeel/quorum';
import { virtualClock } from 'evenkeel/testing';
import { describe, expect, it } from 'vitest';
import { type Behaviour, behaving, leftTimers, range, type Request, watched } from './replicas.ts';

const inOrder = <V>(...values: V[]): Behaviour<V>[] =>
  values.map((value, index) => ({ afterMs: index + 1, value }));

describe('agree', () => {
  it('answers with what k replicas say alike, and reports who said something else', async () => {
    const clock = virtualClock();
    const ask = behaving(clock, inOrder({ hash: 'x' }, { hash: 'bad' }, { hash: 'x' }, { hash: 'x' }));
    const canonical = ({ hash }: { hash: string }): string => hash;
    const result = watched(agree({ replicas: range(4), required: 2, ask, canonical, clock }));
    await clock.advance(2);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(result.value).toMatchObject({ value: { hash: 'x' }, votes: 2 });
    expect(result.value?.dissent).toEqual([
      { replica: 1, status: 'answered', value: { hash: 'bad' }, latencyMs: 2 },
    ]);
    expect(result.value?.replies.map(({ status }) => status)).toEqual([
      'answered',
      'answered',
      'answered',
      'aborted',
    ]);
    expect(leftTimers(clock)).toBe(0);
  });

  it('hands out the first value of those that agreed', async () => {
    const clock = virtualClock();
    const ask = behaving(clock, inOrder({ n: 1, by: 'a' }, { n: 1, by: 'b' }));
    const call = agree({ replicas: range(2), required: 2, ask, canonical: ({ n }) => n, clock });
    await clock.advance(2);
    expect((await call).value.by).toBe('a');
  });

  it('compares whole answers by content unless told otherwise', async () => {
    const answers = [
      { a: 1, b: [1n, { c: null }] },
      { b: [1n, { c: null }], a: 1 },
    ];
    const same = await agree({ replicas: range(2), required: 2, ask: async (n) => answers[n] });
    expect(same.votes).toBe(2);
    const ask = async (n: number): Promise<unknown> => [1, '1', 1n][n];
    await expect(agree({ replicas: range(3), required: 2, ask })).rejects.toSatisfy(isQuorumError);
  });

  it('does not take two answers for equal whose content it cannot see', async () => {
    const ask = async (n: number): Promise<Response> => new Response(String(n));
    const error = (await agree({ replicas: range(3), required: 2, ask }).catch(
      (e: unknown) => e,
    )) as QuorumError;
    expect(isQuorumError(error)).toBe(true);
    const reasons = error.errors.map((one) => one.error);
    expect(reasons.every(isOptionError)).toBe(true);
    expect(String(reasons[0])).toContain('canonical must be given');
  });

  it('counts an operator once, however many replicas it runs', async () => {
    const clock = virtualClock();
    const operators = ['acme', 'acme', 'acme', 'other'];
    const ask = behaving(clock, inOrder('lie', 'lie', 'lie', 'truth'));
    const operator = (n: number): unknown => operators[n];
    const result = watched(agree({ replicas: range(4), required: 2, ask, operator, clock }));
    await clock.advance(3);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(result.error).toMatchObject({ votes: 1, of: 2, required: 2 });
    const more = behaving(clock, inOrder('lie', 'truth', 'lie', 'truth'));
    const two = watched(agree({ replicas: range(4), required: 2, ask: more, operator, clock }));
    await clock.advance(4);
    expect(two.value).toMatchObject({ value: 'truth', votes: 2 });
  });

  it('does not settle a tie: two say 1 and two say 2, and neither is a majority', async () => {
    const clock = virtualClock();
    const ask = behaving(clock, inOrder(1, 2, 1, 2));
    const result = watched(agree({ replicas: range(4), required: 3, ask, clock }));
    await clock.advance(3);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(result.error).toMatchObject({ votes: 2, of: 4, required: 3, errors: [] });
    expect((result.error as QuorumError).replies.map((reply) => 'value' in reply && reply.value)).toEqual([
      1, 2, 1, 2,
    ]);
  });

  it('fails at once when no answer can get there any more, without waiting for the rest', async () => {
    const clock = virtualClock();
    const requests: Request[] = [];
    const ask = behaving<string>(
      clock,
      [
        { afterMs: 1, value: 'a' },
        { afterMs: 2, error: new Error('down') },
        { afterMs: 3, value: 'b' },
        'silent',
      ],
      requests,
    );
    const result = watched(agree({ replicas: range(4), required: 3, ask, clock }));
    const signals = requests.map(({ context }) => context.signal);
    await clock.advance(2);
    expect(result.settlements).toBe(0);
    await clock.advance(1);
    expect(result.error).toMatchObject({ votes: 1, of: 4, required: 3 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false, true]);
    expect(leftTimers(clock)).toBe(0);
  });

  it('is not held up by a replica that is silent from the start', async () => {
    const clock = virtualClock();
    const ask = behaving<number>(clock, ['silent', { afterMs: 1, value: 5 }, { afterMs: 1, value: 5 }]);
    const result = watched(agree({ replicas: range(3), required: 2, ask, clock }));
    await clock.advance(1);
    expect(result.value?.value).toBe(5);
    const other = behaving<number>(clock, ['silent', { afterMs: 1, value: 5 }, { afterMs: 1, value: 6 }]);
    const split = watched(agree({ replicas: range(3), required: 2, ask: other, clock }));
    await clock.advance(5_000);
    expect(isQuorumError(split.error)).toBe(true);
    expect(leftTimers(clock)).toBe(0);
  });

  it('ignores in an answer what the canonicaliser leaves out, such as a request’s id', async () => {
    const ask = async (id: number): Promise<{ id: number; result: string }> => ({ id, result: 'reverted' });
    const canonical = ({ result }: { result: string }): string => result;
    expect((await agree({ replicas: range(3), required: 3, ask, canonical })).votes).toBe(3);
  });

  it('takes an answer that the canonicaliser chokes on for that replica’s failure', async () => {
    const ask = async (n: number): Promise<{ hash: string } | null> => (n === 0 ? null : { hash: 'x' });
    const canonical = (head: { hash: string } | null): string => (head as { hash: string }).hash;
    const same = await agree({ replicas: range(3), required: 2, ask, canonical });
    expect(same.replies[0]).toMatchObject({ status: 'failed', error: expect.any(TypeError) });
    expect(same.dissent).toEqual([]);
  });

  it('agrees on "nothing" and on NaN like on anything else', async () => {
    expect((await agree({ replicas: range(2), required: 2, ask: async () => undefined })).votes).toBe(2);
    const nan = { replicas: range(2), required: 2, ask: async () => Number.NaN, canonical: (n: number) => n };
    expect(await agree(nan)).toMatchObject({ votes: 2, dissent: [] });
  });

  it('tells its observer of dissent, without what was said', async () => {
    const events: ObserverEvent[] = [];
    const ask = async (n: number): Promise<string> => (n === 0 ? 'secret' : 'other');
    const observer = (event: ObserverEvent): unknown => events.push(event);
    await agree({ replicas: range(3), required: 2, ask, observer });
    await agree({ replicas: range(2), required: 2, ask, observer }).catch(() => {});
    expect(events.map(({ type, answers }) => [type, answers])).toEqual([
      ['agreed', 2],
      ['dissent', 2],
      ['failed', 2],
    ]);
    expect(JSON.stringify(events)).not.toContain('secret');
  });

  it('rejects with the caller’s own reason at once', async () => {
    const clock = virtualClock();
    const caller = new AbortController();
    const ask = behaving<number>(clock, ['silent', 'silent']);
    const call = agree({ replicas: range(2), required: 2, ask, clock }, { signal: caller.signal });
    const result = watched(call);
    await clock.settle();
    caller.abort('gone');
    await clock.settle();
    expect(result.error).toBe('gone');
    expect(leftTimers(clock)).toBe(0);
  });

  it.each([
    ['replicas', { replicas: [] }],
    ['required', { required: 4 }],
    ['required', { operator: () => 'one' }],
    ['ask', { ask: null }],
    ['canonical', { canonical: 'hash' }],
    ['operator', { operator: 'acme' }],
  ])('refuses a bad %s: %o', async (option, bad) => {
    const options = { replicas: range(3), required: 2, ask: async () => 1, ...bad };
    const error: unknown = await agree(options as never).catch((error: unknown) => error);
    expect(isOptionError(error)).toBe(true);
    expect(error).toMatchObject({ option });
  });
});
