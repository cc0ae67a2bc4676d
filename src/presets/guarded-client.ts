/** A client object whose methods are guarded: the same object to look at, with its types kept. */
import { OptionError } from '../core/errors.ts';
import { checkFunction } from '../core/options.ts';
import type { CallContext, CallOptions } from '../core/transport.ts';

/** The names of the methods that answer with a promise. */
export type AsyncMethod<C> = {
  [K in keyof C]: C[K] extends (...args: never[]) => Promise<unknown> ? K : never;
}[keyof C];

export interface ClientOptions<C> {
  /** The methods that are guarded; each must answer with a promise. @defaultValue all methods */
  readonly methods?: readonly AsyncMethod<C>[];
  /** The methods that may act twice. All others are sent again only if they have never left. @defaultValue none */
  readonly repeatable?: readonly AsyncMethod<C>[];
  /**
   * The arguments to call a method with, in one attempt: to hand on the `signal` where the method takes one.
   * @defaultValue as they are
   */
  readonly args?: (
    method: AsyncMethod<C>,
    args: readonly unknown[],
    context: CallContext,
  ) => readonly unknown[];
}

type Run = (fn: (context: CallContext) => Promise<unknown>, options?: CallOptions) => Promise<unknown>;
type Method = (...args: unknown[]) => unknown;

/**
 * Guards methods by a proxy. They are called on the object itself, so that what it calls of its own is not guarded a
 * second time, and private fields are there. One function a method, made once: it may be compared and bound.
 */
export function guardedClient<C extends object>(run: Run, client: C, options: ClientOptions<C> = {}): C {
  const where = 'resilient.client';
  if (typeof client !== 'object' || client === null)
    throw new OptionError(where, 'client', client, 'an object');
  const only = namesOf(client, 'methods', options.methods);
  const repeatable = namesOf(client, 'repeatable', options.repeatable) ?? new Set();
  const args = options.args && checkFunction(where, 'args', options.args);
  const made = new Map<PropertyKey, { readonly original: Method; readonly guarded: Method }>();
  // Not a proxy of the client itself: of a frozen one it would have to show the methods as they are.
  return new Proxy({} as C, {
    get(_, name) {
      const original: unknown = Reflect.get(client, name, client);
      if (typeof original !== 'function' || name === 'constructor') return original;
      if (only !== undefined && !only.has(name)) return original.bind(client) as unknown;
      const known = made.get(name);
      if (known?.original === original) return known.guarded;
      const method = original as Method;
      const said: CallOptions = { idempotent: repeatable.has(name) };
      const guarded: Method = (...given) =>
        run((context) => {
          const handed = args === undefined ? given : args(name as AsyncMethod<C>, given, context);
          return method.apply(client, handed as unknown[]) as Promise<unknown>;
        }, said);
      made.set(name, { original: method, guarded });
      return guarded;
    },
    set: (_, name, value) => Reflect.set(client, name, value),
    has: (_, name) => Reflect.has(client, name),
    deleteProperty: (_, name) => Reflect.deleteProperty(client, name),
    ownKeys: () => Reflect.ownKeys(client),
    getPrototypeOf: () => Reflect.getPrototypeOf(client),
    getOwnPropertyDescriptor: (_, name) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(client, name);
      return descriptor && { ...descriptor, configurable: true };
    },
  });
}

function namesOf<C extends object>(
  client: C,
  option: string,
  names: readonly AsyncMethod<C>[] | undefined,
): Set<PropertyKey> | undefined {
  if (names === undefined) return undefined;
  for (const name of names) {
    if (typeof client[name] !== 'function')
      throw new OptionError('resilient.client', option, name, 'names of methods');
  }
  return new Set(names);
}
