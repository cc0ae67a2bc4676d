/** Circuit breaker: stops calling what keeps failing, and finds out with a few calls whether it is back. */
import type { CircuitBreakerState } from '../../structures/breaker-machine.ts';
import { guardOf } from '../guard.ts';
import { Breaker } from './breaker.ts';
import type { CircuitBreaker, CircuitBreakerOptions } from './options.ts';

/**
 * Opens after too many failures and then refuses calls at once with a {@link CircuitOpenError}; after `openMs`
 * it lets `probes` calls through: enough successes among them close it, too many failures open it again.
 *
 * A call that began before the circuit changed state is late news and changes nothing. A caller who leaves is
 * nobody's failure. It runs no timer, so it works where processes are frozen between requests.
 *
 * Not in front of several endpoints: one bad shard would stop all (Brooker, "Will circuit breakers solve my
 * problems?", 2022). Give the balancer a `health` tracker, which does this for each endpoint with a cap; or `keyed`,
 * where each key fails by itself.
 *
 * @throws {@link OptionError} at construction for an option out of its range
 * @throws {@link CircuitOpenError} while the circuit is open
 * @example
 * ```ts
 * import { circuitBreaker, consecutiveFailures, isCircuitOpenError } from 'evenkeel';
 * const breaker = circuitBreaker({ trip: consecutiveFailures({ failures: 2 }), openMs: 10_000 });
 * const fail = () => breaker.run(() => Promise.reject(new Error('down'))).catch((error: unknown) => error);
 * await fail();
 * await fail();
 * if (!isCircuitOpenError(await fail())) throw new Error('it should be open');
 * ```
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const breaker = new Breaker(options);
  const guard = guardOf('circuitBreaker', options, breaker, (next, request, context) =>
    breaker.execute(next, request, context),
  );
  Object.assign(guard, {
    isolate: () => breaker.isolate(),
    reset: () => breaker.reset(),
    export: () => breaker.export(),
    hydrate: (state: CircuitBreakerState, agoMs = 0) => breaker.hydrate(state, agoMs),
  });
  return Object.defineProperty(guard, 'state', { get: () => breaker.kind }) as CircuitBreaker;
}
