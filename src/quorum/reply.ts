/** Who answered what: one reply per configured replica, in the order of `replicas`. */

/** The replica answered in time; for a read, `undefined` is an answer too. */
export interface AnsweredReply<R, V> {
  readonly replica: R;
  readonly status: 'answered';
  readonly value: V;
  /** Milliseconds from the start of the call to this answer. */
  readonly latencyMs: number;
}

/** The replica rejected, threw, or said nothing for `replicaTimeoutMs`. */
export interface FailedReply<R> {
  readonly replica: R;
  readonly status: 'failed';
  readonly error: unknown;
  /** Milliseconds from the start of the call to this failure. */
  readonly latencyMs: number;
}

/** The call was decided without the replica; this says nothing about its health. */
export interface UnheardReply<R> {
  readonly replica: R;
  /** A read is aborted then, a write is left to finish; who is not needed may not have been asked at all. */
  readonly status: 'aborted' | 'pending' | 'unasked';
  /** Milliseconds that the call took; the replica takes longer. */
  readonly latencyMs: number;
}

/** What became of the request to one replica. */
export type Reply<R, V> = AnsweredReply<R, V> | FailedReply<R> | UnheardReply<R>;

/** What one replica can say while the call waits for it. */
export type Vote<R, V> = AnsweredReply<R, V> | FailedReply<R>;
