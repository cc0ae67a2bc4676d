/** The ledger: when each call began, how it ended, and where each attempt went; in columns. */
import { Column } from './column.ts';

/** How a call stands: under way, answered, or failed with one of the codes (from here on). */
const UNDER_WAY = -1;
const ANSWERED = 0;

export class Ledger {
  // One entry per call, by the time it began. Latencies are NaN until the call has settled.
  readonly startMs: Column = new Column();
  readonly latencyMs: Column = new Column();
  readonly client: Column = new Column();
  readonly #ending: Column = new Column();
  // One entry per attempt, by the time it was sent.
  readonly sentMs: Column = new Column();
  readonly server: Column = new Column();
  readonly #codes: string[] = [''];
  #open = 0;

  /** Calls that have not settled. */
  get open(): number {
    return this.#open;
  }

  /** A call begins; answers with its number. */
  begin(nowMs: number, client: number): number {
    this.startMs.push(nowMs);
    this.latencyMs.push(Number.NaN);
    this.client.push(client);
    this.#ending.push(UNDER_WAY);
    this.#open++;
    return this.startMs.length - 1;
  }

  answered(call: number, nowMs: number): void {
    this.#end(call, nowMs, ANSWERED);
  }

  failed(call: number, nowMs: number, error: unknown): void {
    const name = nameOf(error);
    let code = this.#codes.indexOf(name);
    if (code === -1) code = this.#codes.push(name) - 1;
    this.#end(call, nowMs, code);
  }

  sent(nowMs: number, server: number): void {
    this.sentMs.push(nowMs);
    this.server.push(server);
  }

  isAnswered(call: number): boolean {
    return this.#ending.at(call) === ANSWERED;
  }

  /** What a call failed with; `undefined` if it has not. */
  failureOf(call: number): string | undefined {
    const ending = this.#ending.at(call);
    return ending > ANSWERED ? this.#codes[ending] : undefined;
  }

  #end(call: number, nowMs: number, ending: number): void {
    this.latencyMs.set(call, nowMs - this.startMs.at(call));
    this.#ending.set(call, ending);
    this.#open--;
  }
}

/** An error's code, else its name. */
function nameOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : typeof error;
}
