/** An endpoint: an address with an identity, and what is known of it beforehand. */
import { OptionError } from './errors.ts';
import { checkNumber } from './options.ts';

const BRAND: unique symbol = Symbol.for('evenkeel.endpoint');

/** What {@link endpoint} may be told beside the address. */
export interface EndpointOptions {
  /** Identity across membership updates. @defaultValue the address itself; an object by reference */
  readonly id?: string | number;
  /** Share of the traffic relative to the others; above 0. @defaultValue 1 */
  readonly weight?: number;
  /** Where it stands, for instance a region or an availability zone. */
  readonly zone?: string;
  /** Groups with a lower number are preferred. @defaultValue 0 */
  readonly priority?: number;
  /** Anything else, for your own rules and dashboards. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An address with its identity and its weight, zone, priority and labels. */
export interface Endpoint<E> {
  readonly [BRAND]: true;
  readonly address: E;
  readonly id: unknown;
  readonly weight: number;
  readonly zone: string | undefined;
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
}

const NO_LABELS: Readonly<Record<string, string>> = {};

/**
 * Says more about an address than the bare value does: its identity, weight, zone, priority, labels.
 *
 * @throws {@link OptionError} for a weight that is not above 0, or a priority below 0
 * @example
 * ```ts
 * import { endpoint } from 'evenkeel';
 * const big = endpoint('10.0.0.11', { weight: 2, zone: 'eu-1' });
 * if (big.id !== '10.0.0.11') throw new Error('the address is the identity');
 * ```
 */
export function endpoint<E>(address: E, options: EndpointOptions = {}): Endpoint<E> {
  const weight = options.weight ?? 1;
  if (!(weight > 0 && weight < Infinity))
    throw new OptionError('endpoint', 'weight', weight, 'a number above 0');
  return {
    [BRAND]: true,
    address,
    id: options.id ?? address,
    weight,
    zone: options.zone,
    priority: checkNumber('endpoint', 'priority', options.priority ?? 0, 0),
    labels: options.labels ?? NO_LABELS,
  };
}

/** The endpoint that a bare address, or an endpoint, stands for. */
export function toEndpoint<E>(value: E | Endpoint<E>): Endpoint<E> {
  return isEndpoint(value) ? value : endpoint(value);
}

function isEndpoint<E>(value: E | Endpoint<E>): value is Endpoint<E> {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}

/**
 * The endpoints of a list, each identity once.
 *
 * @throws {@link OptionError} for an empty list, for what is no list, and for an identity that is there twice
 */
export function toEndpoints<E>(
  where: string,
  option: string,
  list: readonly (E | Endpoint<E>)[],
): readonly Endpoint<E>[] {
  if (!Array.isArray(list) || list.length === 0)
    throw new OptionError(where, option, list, 'a list of at least one');
  const endpoints = list.map((value: E | Endpoint<E>) => toEndpoint(value));
  const seen = new Set<unknown>();
  for (const { id } of endpoints) {
    if (seen.has(id)) throw new OptionError(where, option, id, 'a list in which each endpoint is there once');
    seen.add(id);
  }
  return endpoints;
}

/** An endpoint as events and errors may show it: by its identity where that is text, else by its address. */
export function nameOf({ id, address }: Endpoint<unknown>): string {
  return labelOf(typeof id === 'string' || typeof id === 'number' ? id : address);
}

/** An address as events and errors may show it: without the user and password that a URL may carry (law 13). */
export function labelOf(address: unknown): string {
  // A client, whether object or function, is not shown: who knows what its text holds.
  const isClient = typeof address === 'function' || (typeof address === 'object' && address !== null);
  if (isClient && !(address instanceof URL)) return 'an endpoint';
  // As in a URL, the last @ of the authority ends the user info: passwords may hold one.
  const text = String(address).replace(/\/\/[^/?#]*@/, '//');
  return text === '' ? 'an endpoint' : text;
}
