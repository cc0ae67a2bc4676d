/** What a simulated server shows to the outside: its answers, and what a script can make of it. */

/** What a server says of itself with each answer, and to each probe. */
export interface FleetReply {
  readonly server: string;
  /** Requests that it has: in work and in the queue. */
  readonly inFlight: number;
  /** Of those, the ones in the queue. */
  readonly queue: number;
}

/** What a probe learns. */
export interface FleetProbe extends FleetReply {
  /**
   * What a request would take that came now, in milliseconds: the median of the last 16 that met about as many
   * others as there are now, the queue included; of the last 10 s, and 0 if there were none.
   */
  readonly latencyMs: number;
}

/** What a script can make of a server. */
export interface FleetServerControl {
  /** From now on each request takes `factor` times as long. */
  slow(factor: number): void;
  /**
   * From now on it answers each new request with a failure, `afterMs` (1) later and without a slot: a black
   * hole. @param failure - `error` is what it fails with @defaultValue a `FleetError`
   */
  fail(failure?: { readonly afterMs?: number; readonly error?: unknown }): void;
  /** From now on it takes requests and answers none; its work stands still. */
  hang(): void;
  /** From now on it refuses new connections; what it has is served. */
  refuse(): void;
  /** It works as it should. Requests that it was hanging on begin anew. */
  well(): void;
  /** Its process ends and begins: what it has is lost (ECONNRESET), and it is well. */
  restart(): void;
}
