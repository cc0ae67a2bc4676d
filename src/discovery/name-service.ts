/** One answer of DNS: the services of a name, the addresses of their hosts, and when to ask again. */
import type { Context } from '../core/context.ts';
import { type Endpoint, endpoint } from '../core/endpoint.ts';
import { errand } from '../core/errand.ts';
import { OptionError } from '../core/errors.ts';
import { Gate } from '../core/gate.ts';
import type { Reporter } from '../core/observer.ts';
import type { Random } from '../core/random.ts';
import type { AddressBook, Host } from './address-book.ts';
import { authorityOf, type DnsAddress } from './dns-address.ts';
import { EmptyAnswerError, reasonOf } from './errors.ts';
import type { Asked } from './poll.ts';
import { type DnsResolver, isNoSuchRecord, ttlMsOf } from './resolver.ts';
import { srvWeights } from './srv-weights.ts';

/** The spread of asks after a TTL has passed: a tenth of it, at most this. */
const MAX_SPREAD_MS = 500;

/** The share of the time that is left in which addresses must be found: the answer must be out before its end. */
const LOOKUP_SHARE = 0.8;

export interface NameSettings {
  readonly name: string;
  /** Of an address lookup; SRV records name their own. */
  readonly port: number | undefined;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  readonly defaultTtlMs: number;
  readonly maxConcurrent: number;
  readonly maxEndpoints: number;
  readonly random: Random;
}

/** A host that offers the service. */
interface Service {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  /** Of all its addresses together; `undefined` if each of them is as good as any. */
  readonly weight: number | undefined;
}

export class NameService {
  readonly #settings: NameSettings;
  readonly #book: AddressBook;
  readonly #reporter: Reporter;

  constructor(settings: NameSettings, book: AddressBook, reporter: Reporter) {
    this.#settings = settings;
    this.#book = book;
    this.#reporter = reporter;
  }

  async ask(resolver: DnsResolver, context: Context): Promise<Asked> {
    const { services, ttlMs } = await this.#services(resolver, context);
    const hosts = await this.#hosts(new Set(services.map(({ host }) => host)), resolver, context);
    const all = [...hosts.values()];
    const errors = all.flatMap((host) => host.errors);
    const failure = errors.find((error) => !isNoSuchRecord(error));
    if (!all.some(({ fresh }) => fresh)) throw failure ?? errors[0] ?? new EmptyAnswerError('dns');
    const list = services.flatMap((service) => endpointsOf(service, hosts.get(service.host)));
    const holdsMs = all.reduce((shortest, host) => Math.min(shortest, host.ttlMs), ttlMs);
    return { list, nextMs: this.#nextMs(holdsMs, failure !== undefined) };
  }

  /** Those of the best priority first: of two that lead to one address the better counts. */
  async #services(
    resolver: DnsResolver,
    context: Context,
  ): Promise<{ services: readonly Service[]; ttlMs: number }> {
    const { name, port, maxEndpoints } = this.#settings;
    if (port !== undefined)
      return { services: [{ host: name, port, priority: 0, weight: undefined }], ttlMs: Infinity };
    // A single record whose target is the root says that the service is not offered here (RFC 2782).
    const all = await errand(
      () => resolver.resolveSrv(name),
      name,
      context.call.clock,
      Infinity,
      context.scope,
    );
    const records = all.filter((record) => record.name !== '' && record.name !== '.');
    if (records.length > maxEndpoints)
      throw new OptionError('dns', 'the length of the answer', records.length, `at most ${maxEndpoints}`);
    const weights = srvWeights(records);
    const services = records
      .map((record) => ({ ...record, host: record.name, weight: weights.get(record) }))
      .sort((one, other) => one.priority - other.priority);
    return { services, ttlMs: ttlMsOf(records) };
  }

  async #hosts(
    names: ReadonlySet<string>,
    resolver: DnsResolver,
    context: Context,
  ): Promise<ReadonlyMap<string, Host>> {
    this.#book.keepOnly(names);
    // The number of names bounds the queue.
    const untilMs = context.call.clock.now() + context.remainingMs() * LOOKUP_SHARE;
    const gate = new Gate('dns', { maxConcurrent: this.#settings.maxConcurrent, maxQueue: Infinity });
    const lookup = async (name: string): Promise<[string, Host]> => {
      const host = await gate.run(() => this.#book.lookup(name, resolver, context.scope, untilMs), context);
      this.#tell(name, host);
      return [name, host];
    };
    return new Map(await Promise.all([...names].map((name) => lookup(name))));
  }

  /**
   * When what was answered has expired, and a little later: earlier, a resolver in between would answer what it
   * remembers, and all clients of one would ask in the same moment. Sooner if a part could not be asked.
   */
  #nextMs(ttlMs: number, failed: boolean): number {
    const { minTtlMs, maxTtlMs, defaultTtlMs, random } = this.#settings;
    const saidMs = Math.min(maxTtlMs, ttlMs === Infinity ? defaultTtlMs : ttlMs);
    const holdsMs = failed ? Math.min(saidMs, defaultTtlMs) : saidMs;
    return Math.max(minTtlMs, holdsMs + random() * Math.min(holdsMs / 10, MAX_SPREAD_MS));
  }

  /** That a host has no address of one family is no news while it has others. */
  #tell(name: string, { errors, addresses }: Host): void {
    const failure = errors.find((error) => !isNoSuchRecord(error));
    const error = failure ?? (addresses.length === 0 ? errors[0] : undefined);
    if (error !== undefined && this.#reporter.on)
      this.#reporter.tell('lookup-failed', { host: name, reason: reasonOf(error), known: addresses.length });
  }
}

/** The weight of a service is shared by its addresses. */
function endpointsOf(service: Service, host: Host | undefined): readonly Endpoint<DnsAddress>[] {
  const { host: name, port, priority, weight } = service;
  const addresses = host?.addresses ?? [];
  return addresses.map(({ address, family }) => {
    const found: DnsAddress = Object.freeze({ name, address, port, family });
    return endpoint(found, {
      id: authorityOf(found),
      priority,
      weight: weight === undefined ? 1 : weight / addresses.length,
    });
  });
}
