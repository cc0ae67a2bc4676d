/** Explanations: why did this pick go where it went? Taken down only while somebody wants to know. */
import { nameOf } from '../core/endpoint.ts';
import { type Status, statusOf } from '../core/health.ts';
import type { CallOptions } from '../core/transport.ts';
import { hasTried, type Tried } from '../core/tried.ts';
import type { Candidate, PickedCall, PickTrace } from './pickers/picker.ts';

/** A candidate that was looked at, as it stood then. */
export interface Considered {
  readonly endpoint: string;
  readonly status: Status;
  /** Whether the call had been there already. */
  readonly tried: boolean;
  readonly pending: number;
  readonly cost: number;
}

/** Why a call goes to this endpoint: the choices before, and who was compared. */
export interface Explanation {
  readonly endpoint: string;
  readonly status: Status;
  /** Calls in flight before this one. */
  readonly pending: number;
  readonly cost: number;
  /** `'trial'` finds out whether an ejected endpoint has recovered; `'picked'` was compared with others. */
  readonly type: 'picked' | 'trial';
  /** What narrowed the candidates down, in the order of the pipeline, and why. */
  readonly steps: readonly string[];
  /** Who was compared, each once. */
  readonly considered: readonly Considered[];
}

/** A call that is being explained. */
export class Traced implements PickedCall, PickTrace {
  readonly options: CallOptions | undefined;
  readonly tried: object | undefined;
  readonly triedToo: readonly object[] | undefined;
  readonly trace: PickTrace = this;
  readonly #seen = new Map<Candidate, Considered>();
  readonly #steps: string[] = [];

  constructor(call: Tried & { readonly options: CallOptions | undefined }) {
    this.options = call.options;
    this.tried = call.tried;
    this.triedToo = call.triedToo;
  }

  saw(candidate: Candidate, nowMs: number): void {
    if (!this.#seen.has(candidate)) this.#seen.set(candidate, this.#consider(candidate, nowMs));
  }

  note(step: string): void {
    this.#steps.push(step);
  }

  explain(chosen: Candidate, type: 'picked' | 'trial', nowMs: number): Explanation {
    this.saw(chosen, nowMs);
    const { endpoint, status, pending, cost } = this.#consider(chosen, nowMs);
    return {
      endpoint,
      status,
      pending,
      cost,
      type,
      steps: this.#steps,
      considered: [...this.#seen.values()],
    };
  }

  #consider(candidate: Candidate, nowMs: number): Considered {
    return {
      endpoint: nameOf(candidate.endpoint),
      status: statusOf(candidate.rank),
      tried: hasTried(this, candidate),
      pending: candidate.pending,
      cost: candidate.cost(nowMs),
    };
  }
}
