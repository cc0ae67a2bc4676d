/** As much of a Redis client as it takes: commands over one connection, made anew when it breaks. */
import { connect, type Socket } from 'node:net';

export type Reply = string | number | null | readonly Reply[];

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

export class RedisConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #waiting: Waiting[] = [];
  #buffer = Buffer.alloc(0);

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a command; an abort stops the waiting and not the command. */
  send(command: readonly string[], signal: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const aborted = (): void => reject(signal.reason);
      signal.addEventListener('abort', aborted, { once: true });
      const done = (): void => signal.removeEventListener('abort', aborted);
      this.#waiting.push({
        resolve: (reply) => (done(), resolve(reply)),
        reject: (error) => (done(), reject(error)),
      });
      const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
      this.#open().write(`*${command.length}\r\n${parts.join('')}`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    let failure: unknown = new Error('the connection was closed');
    socket.on('error', (error) => (failure = error));
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('close', () => {
      this.#socket = undefined;
      this.#buffer = Buffer.alloc(0);
      for (const { reject } of this.#waiting.splice(0)) reject(failure);
    });
    return socket;
  }

  #receive(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (let parsed = parse(this.#buffer, 0); parsed !== undefined; parsed = parse(this.#buffer, 0)) {
      this.#buffer = this.#buffer.subarray(parsed.end);
      const waiting = this.#waiting.shift();
      if (parsed.reply instanceof Error) waiting?.reject(parsed.reply);
      else waiting?.resolve(parsed.reply);
    }
  }
}

/** The reply that begins here, and where it ends; `undefined` if it is not all there yet. */
function parse(
  data: Buffer,
  from: number,
): { readonly reply: Reply | Error; readonly end: number } | undefined {
  const line = data.indexOf('\r\n', from);
  if (line < 0) return undefined;
  const text = data.toString('utf8', from + 1, line);
  const end = line + 2;
  switch (data[from]) {
    case 0x2b: // +
      return { reply: text, end };
    case 0x2d: // -
      return { reply: new Error(text), end };
    case 0x3a: // :
      return { reply: Number(text), end };
    case 0x24: {
      // $
      const length = Number(text);
      if (length < 0) return { reply: null, end };
      if (data.length < end + length + 2) return undefined;
      return { reply: data.toString('utf8', end, end + length), end: end + length + 2 };
    }
    default: {
      // *
      const items: Reply[] = [];
      let at = end;
      for (let n = 0; n < Number(text); n++) {
        const item = parse(data, at);
        if (item === undefined) return undefined;
        items.push(item.reply as Reply);
        at = item.end;
      }
      return { reply: items, end: at };
    }
  }
}
