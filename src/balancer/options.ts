/** What a balancer may be told, and the checks of it. */
import { type Clock, systemClock } from '../core/clock.ts';
import type { Endpoint } from '../core/endpoint.ts';
import type { EndpointSource } from '../core/endpoint-source.ts';
import type { HealthPort } from '../core/health.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer } from '../core/observer.ts';
import { checkFunction, checkInterval, checkOneOf, checkPort } from '../core/options.ts';
import type { Classify } from '../core/outcome.ts';
import { type Random, systemRandom } from '../core/random.ts';
import type { CallContext } from '../core/transport.ts';
import type { Done } from './completion.ts';
import type { Cost } from './costs/cost.ts';
import { relativeLatency } from './costs/relative-latency.ts';
import type { Narrowing } from './narrowing/narrowing.ts';
import { p2c } from './pickers/p2c.ts';
import type { Picker } from './pickers/picker.ts';

export interface BalanceOptions<E, Q, S> {
  /**
   * Addresses, or `endpoint(address, …)` where more is to be said: at least one, each once. Or a source that
   * finds them out; then the first call waits for its first answer.
   */
  readonly endpoints: readonly (E | Endpoint<E>)[] | EndpointSource<E>;
  /** Sends one attempt to one address. */
  readonly send: (address: E, request: Q, context: CallContext) => Promise<S>;
  /** Who is a candidate at all: each narrows what the one before has left over. @defaultValue all are */
  readonly narrow?: readonly Narrowing<NoInfer<E>>[];
  /** How candidates are compared. @defaultValue `p2c()` */
  readonly pick?: Picker<NoInfer<E>>;
  /** What one endpoint costs now. @defaultValue `relativeLatency()` */
  readonly cost?: Cost;
  /** Who knows how well the endpoints are. @defaultValue all are taken as healthy */
  readonly health?: HealthPort<E>;
  /** Judges how an attempt settled. @defaultValue what throws has failed */
  readonly classify?: Classify;
  /**
   * For answers that go on after the promise has resolved, such as streams: call `done` when the work is over.
   * Until then the call counts as in flight. @defaultValue over when the promise settles
   */
  readonly completion?: (response: S, done: Done) => void;
  /**
   * Where the latency of an attempt ends: at its `'answer'`, when the promise settles; or, with `completion`, at
   * `done.answered()`, for instance at the first token of a stream, or else at `done()`. @defaultValue `'answer'`
   */
  readonly latency?: 'answer' | 'completion';
  /** Milliseconds that a call waits for a source that has not answered yet. @defaultValue 10_000 */
  readonly discoveryTimeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

type Checked<E, Q, S> = Required<
  Pick<
    BalanceOptions<E, Q, S>,
    'send' | 'narrow' | 'pick' | 'cost' | 'latency' | 'discoveryTimeoutMs' | 'clock' | 'random'
  >
> & {
  readonly health: HealthPort<E> | undefined;
  readonly classify: Classify | undefined;
  readonly completion: BalanceOptions<E, Q, S>['completion'];
};

export function checkBalance<E, Q, S>(options: BalanceOptions<E, Q, S>): Checked<E, Q, S> {
  const where = 'balance';
  const narrow = options.narrow ?? [];
  if (!Array.isArray(narrow)) throw new OptionError(where, 'narrow', narrow, 'a list of narrowings');
  return {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    send: checkFunction(where, 'send', options.send),
    narrow: narrow.map((one: (typeof narrow)[number]) => checkFunction(where, 'narrow', one)),
    pick: checkPort(where, 'pick', options.pick ?? p2c(), 'create'),
    cost: checkPort(where, 'cost', options.cost ?? relativeLatency(), 'create'),
    health: options.health && checkPort(where, 'health', options.health, 'track'),
    classify: options.classify && checkFunction(where, 'classify', options.classify),
    completion: options.completion && checkFunction(where, 'completion', options.completion),
    latency: checkOneOf(where, 'latency', options.latency ?? 'answer', ['answer', 'completion']),
    discoveryTimeoutMs: checkInterval(where, 'discoveryTimeoutMs', options.discoveryTimeoutMs ?? 10_000),
  };
}
