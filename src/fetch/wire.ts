/**
 * The wire of one attempt: what aborts its fetch. Until the headers are here that is the attempt; from then on,
 * while the body is read, it is the caller: the call has settled, and its time limit no longer applies.
 */
import { type AbortHook, type AbortSource, followSignal, unlink } from '../core/abort.ts';
import type { Context } from '../core/context.ts';
import type { FetchRequest } from './request.ts';

const WIRE: unique symbol = Symbol('evenkeel.wire');

export class Wire implements AbortHook {
  prev: AbortHook | undefined = undefined;
  next: AbortHook | undefined = undefined;
  owner: AbortSource | undefined = undefined;
  readonly #controller = new AbortController();

  constructor(context: Context) {
    context.onAbort(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The wire that brought this response. */
  static of(response: Response): Wire | undefined {
    return (response as { [WIRE]?: Wire })[WIRE];
  }

  /** The headers are here: listen to the caller instead of the attempt. */
  handOver(request: FetchRequest, response: Response): void {
    (response as { [WIRE]?: Wire })[WIRE] = this;
    unlink(this);
    if (this.aborted) return;
    const { signal, outer } = request;
    if (signal === undefined) outer?.onAbort(this);
    else if (signal.aborted) this.abort(signal.reason);
    else followSignal(signal, this);
  }

  /** The body has ended: nothing listens any more. */
  release(): void {
    unlink(this);
  }
}
