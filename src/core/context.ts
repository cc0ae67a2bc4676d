/**
 * A context: what one attempt is handed. Layers derive a new one where a new attempt or a new scope begins,
 * and pass it inwards in the place of the options; a layer that is given one knows it by its symbol.
 *
 * The context is handed to `fetch` as its init. So no field may be called cache, mode, priority, window, body,
 * method or duplex; and what the caller's options hold beyond ours (method, headers) is copied onto it.
 */
import type { AbortHook } from './abort.ts';
import type { Call } from './call.ts';
import { Scope } from './scope.ts';
import type { CallContext, CallOptions } from './transport.ts';

/** An own property that refers to the context itself, so that even a spread copy leads back to it. */
const SELF: unique symbol = Symbol.for('evenkeel.context');

export class Context implements CallContext {
  readonly call: Call;
  readonly attempt: number;
  readonly endpoint: unknown;
  scope: Scope | undefined;

  constructor(call: Call, scope: Scope | undefined, attempt: number, endpoint: unknown) {
    (this as { [SELF]?: Context })[SELF] = this;
    this.call = call;
    this.attempt = attempt;
    this.endpoint = endpoint;
    this.scope = scope;
    if (call.options !== undefined) this.#adopt(call.options);
  }

  get signal(): AbortSignal {
    return (this.scope ??= new Scope(this.call.clock, Infinity)).signal;
  }

  remainingMs(): number {
    const { scope } = this;
    if (scope === undefined || scope.deadline === Infinity) return Infinity;
    return Math.max(0, scope.deadline - this.call.clock.now());
  }

  /** The same call, tried again. */
  retried(attempt: number): Context {
    return new Context(this.call, this.scope, attempt, this.endpoint);
  }

  /** The same attempt, sent to this address. */
  sentTo(address: unknown): Context {
    return new Context(this.call, this.scope, this.attempt, address);
  }

  /** Tells the hook if the call is aborted; at once if it has been. */
  onAbort(hook: AbortHook): void {
    this.scope?.add(hook);
  }

  /** Copies what else the caller said: an idempotency key, and for the wire a fetch's method, headers, body. */
  #adopt(options: CallOptions): void {
    for (const key in options) {
      if (!(key in this) && key !== 'timeoutMs') {
        (this as Record<string, unknown>)[key] = (options as Record<string, unknown>)[key];
      }
    }
  }
}

/** The context that these options are, or are a spread copy of. */
export function contextOf(options: CallOptions): Context | undefined {
  return (options as { readonly [SELF]?: Context })[SELF];
}

/** Options for a call inside `outer`: they share its deadline and its abort. */
export function within(outer: Context, options: CallOptions): CallOptions {
  return Object.assign(options, { [SELF]: outer });
}
