/**
 * The bus: what one process changes, the others forget. Messages go by pub/sub, which loses what is said while nobody
 * listens; so they are counted, and a log of the last ones is kept. Whoever finds that the count has moved by more
 * than he heard reads the log, and if that does not reach far enough, says that something was lost.
 */
import type { StoreListener } from '../tiers/cache-store.ts';
import type { Connection } from './client.ts';
import { PUBLISH } from './scripts.ts';

export type ChangeKind = 'key' | 'tag' | 'all';

export interface BusSettings {
  readonly connection: Connection;
  readonly channel: string;
  /** Who speaks: nobody hears himself. */
  readonly id: string;
  readonly logLength: number;
}

export class Bus {
  readonly #settings: BusSettings;
  readonly #countKey: string;
  readonly #logKey: string;

  constructor(settings: BusSettings) {
    this.#settings = settings;
    const slot = `{${settings.channel}}`;
    this.#countKey = `${slot}:count`;
    this.#logKey = `${slot}:log`;
  }

  async tell(kind: ChangeKind, name: string): Promise<void> {
    const { connection, channel, id, logLength } = this.#settings;
    const message = JSON.stringify([id, kind, name]);
    await connection.send(
      'EVAL',
      PUBLISH,
      '2',
      this.#countKey,
      this.#logKey,
      channel,
      message,
      String(logLength),
    );
  }

  follow(listener: StoreListener): () => void {
    const { connection, channel } = this.#settings;
    // The last message that was heard of, and the last up to which nothing is missing; unknown until the first look.
    let newest = 0;
    let last: number | undefined;
    let looking = false;
    let again = false;
    const hear = (text: string): void => {
      const count = numberOf(text);
      newest = count;
      if (last === undefined || count <= last) return;
      if (count !== last + 1) {
        look();
        return;
      }
      last = count;
      this.#say(text, listener);
    };
    const look = (): void => {
      again = looking;
      if (looking) return;
      looking = true;
      this.#missed(last)
        .then(({ count, missed }) => {
          if (missed === undefined) listener.lost();
          else for (const text of missed) if (numberOf(text) > (last ?? 0)) this.#say(text, listener);
          // What was heard meanwhile and not said is in the log by now.
          again ||= newest > count;
          last = missed === undefined ? count : Math.max(last ?? 0, count);
        })
        // The connection has gone again: whoever is ready next looks anew.
        .catch(() => {})
        .finally(() => {
          looking = false;
          if (again) look();
        });
    };
    return connection.hear(channel, hear, look);
  }

  /** What was said after the message with this number, in order; nothing for "more than is known". */
  async #missed(last: number | undefined): Promise<{ count: number; missed: string[] | undefined }> {
    const { connection } = this.#settings;
    const log = ((await connection.send('LRANGE', this.#logKey, '0', '-1')) as unknown[])
      .map(String)
      .reverse();
    const count = log.length === 0 ? 0 : numberOf(log[log.length - 1] as string);
    // Before the first look nothing was heard; and a count that has gone back is of a server that began anew.
    if (last === undefined || count < last) return { count, missed: undefined };
    const missed = log.filter((text) => numberOf(text) > last);
    return { count, missed: missed.length === count - last ? missed : undefined };
  }

  /** A message of others; what is no message says nothing. */
  #say(text: string, listener: StoreListener): void {
    let message: unknown;
    try {
      message = JSON.parse(text.slice(text.indexOf(' ') + 1));
    } catch {
      return;
    }
    if (!Array.isArray(message) || message[0] === this.#settings.id) return;
    const [, kind, name] = message as unknown[];
    if (kind === 'key') listener.removed(String(name));
    else if (kind === 'tag') listener.invalidated(String(name));
    else if (kind === 'all') listener.cleared();
  }
}

function numberOf(text: string): number {
  return Number.parseInt(text, 10);
}
