/** What was said to a resilientFetch and to one call of it, as its parts take it. */
import type { Clock } from '../core/clock.ts';
import { within } from '../core/context.ts';
import type { Observer } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import { mayRepeat } from '../core/repeat.ts';
import type { CallOptions } from '../core/transport.ts';
import type { FetchRequest } from '../fetch/request.ts';

/** The ports that all parts share. */
export interface Ports {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

export function portsOf(options: Ports): Ports {
  return {
    ...(options.clock && { clock: options.clock }),
    ...(options.random && { random: options.random }),
    ...(options.observer && { observer: options.observer }),
    ...(options.name !== undefined && { name: options.name }),
  };
}

/** Of what the caller said, that which the layers heed; the rest goes to the wire with the request. */
export function optionsOf(request: FetchRequest): CallOptions | undefined {
  const { init, signal, outer } = request;
  if (outer !== undefined && (init as unknown) === outer) return outer;
  if (init === undefined && signal === undefined) return undefined;
  const options: CallOptions = {
    signal,
    timeoutMs: init?.timeoutMs,
    idempotent: init?.idempotent,
    idempotencyKey: init?.idempotencyKey,
    affinityKey: init?.affinityKey,
    criticality: init?.criticality,
  };
  return outer === undefined ? options : within(outer, options);
}

/** Whether a failure that may have reached the server could be followed by another attempt. */
export function maySendAgain(request: FetchRequest): boolean {
  return mayRepeat(request, request.init ?? {}, undefined);
}
