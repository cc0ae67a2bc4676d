import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ThrottlingBudget, TokenBudget } from '../../src/structures/token-budget.ts';

describe('a budget of tokens, as in the AWS SDKs', () => {
  const aws = () => new TokenBudget({ maxTokens: 500, retryCost: 5, timeoutCost: 10, refund: 1 });

  it('pays for 100 retries, or for 50 after timeouts, and then for none', () => {
    const [errors, timeouts] = [aws(), aws()];
    const count = (budget: TokenBudget, timedOut: boolean) => {
      let granted = 0;
      while (budget.withdraw(0, timedOut) > 0) granted++;
      return granted;
    };
    expect(errors.balance()).toBe(100);
    expect(count(errors, false)).toBe(100);
    expect(count(timeouts, true)).toBe(50);
    expect(errors.balance()).toBe(0);
  });

  it('gets back what a retry took when it succeeds, one token for a first attempt, and nothing for a failure', () => {
    const budget = aws();
    const paid = budget.withdraw(0, true);
    expect(budget.export()).toEqual({ tokens: 490 });
    budget.settled(false, paid);
    expect(budget.export()).toEqual({ tokens: 490 });
    budget.settled(true, 0);
    expect(budget.export()).toEqual({ tokens: 491 });
    budget.settled(true, paid);
    expect(budget.export()).toEqual({ tokens: 500 });
  });
});

describe('retry throttling, as in gRPC', () => {
  it('stops at half of the tokens, and goes on when successes have brought more than that', () => {
    const budget = new ThrottlingBudget(10, 0.5);
    const allowed = () => budget.withdraw() > 0;
    for (let failure = 0; failure < 4; failure++) budget.settled(false);
    expect(allowed()).toBe(true);
    budget.settled(false);
    expect([allowed(), budget.balance()]).toEqual([false, 0]);
    budget.settled(true);
    expect([allowed(), budget.balance()]).toEqual([true, 0.5]);
  });

  it('settles at no retries where more than one call in eleven fails, and at retries where fewer do', () => {
    const after = (everyNth: number) => {
      const budget = new ThrottlingBudget(10, 0.1);
      for (let call = 1; call <= 10_000; call++) budget.settled(call % everyNth !== 0);
      return budget.withdraw() > 0;
    };
    expect([after(10), after(12)]).toEqual([false, true]);
  });
});

describe('both', () => {
  const event = fc.constantFrom('ask', 'ask late', 'good', 'bad');
  it.each([
    ['tokens', () => new TokenBudget({ maxTokens: 20, retryCost: 3, timeoutCost: 7, refund: 2 })],
    ['throttling', () => new ThrottlingBudget(20, 0.3)],
  ])('%s: hold from none to the most there may be, and no more is granted than there is', (_, make) => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), (events) => {
        const budget = make();
        let paid = 0;
        for (const one of events) {
          const before = budget.export().tokens;
          if (one.startsWith('ask')) {
            paid = budget.withdraw(0, one === 'ask late');
            expect(paid).toBeLessThanOrEqual(before);
          } else {
            budget.settled(one === 'good', paid);
            paid = 0;
          }
          expect(budget.export().tokens).toBeGreaterThanOrEqual(0);
          expect(budget.export().tokens).toBeLessThanOrEqual(20);
        }
      }),
    );
  });

  it('are taken over by another, whatever it is told', () => {
    const budget = new ThrottlingBudget(10, 0.1);
    budget.hydrate({ tokens: 6 });
    expect(budget.export()).toEqual({ tokens: 6 });
    budget.hydrate({ tokens: 1e9 });
    expect(budget.export()).toEqual({ tokens: 10 });
    budget.hydrate({});
    expect(budget.export()).toEqual({ tokens: 10 });
  });
});
