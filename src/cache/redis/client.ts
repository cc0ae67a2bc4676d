/** Redis clients, by their shape: node-redis and ioredis, neither of which is a dependency. */
import { OptionError } from '../../core/errors.ts';

/** A second connection of node-redis, for messages. */
export interface NodeRedisSubscriber {
  on(event: 'ready' | 'error', listener: (...args: unknown[]) => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => unknown): Promise<unknown>;
  destroy(): unknown;
}

/** A client of the package `redis` (node-redis), or `@redis/client`; version 4 and later. */
export interface NodeRedisClient {
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(): NodeRedisSubscriber;
}

/** A second connection of ioredis, for messages. */
export interface IoRedisSubscriber {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): unknown;
}

/** A client of the package `ioredis`; version 5 and later. */
export interface IoRedisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
  duplicate(): IoRedisSubscriber;
}

/** What evenkeel needs of either. */
export interface Connection {
  send(...words: string[]): Promise<unknown>;
  /**
   * Hears a channel on a connection of its own. `ready` is called whenever messages arrive from then on: at first, and
   * after each reconnect.
   */
  hear(channel: string, message: (text: string) => void, ready: () => void): () => void;
}

export function connectionOf(where: string, client: NodeRedisClient | IoRedisClient): Connection {
  if (typeof (client as Partial<IoRedisClient> | undefined)?.call === 'function')
    return ofIoRedis(client as IoRedisClient);
  if (typeof (client as Partial<NodeRedisClient> | undefined)?.sendCommand === 'function')
    return ofNodeRedis(client as NodeRedisClient);
  throw new OptionError(where, 'client', client, 'a client of redis (node-redis) or ioredis');
}

function ofNodeRedis(client: NodeRedisClient): Connection {
  return {
    send: (...words) => client.sendCommand(words),
    hear: (channel, message, ready) => {
      const subscriber = client.duplicate();
      // It reconnects by itself, and subscribes anew before it says that it is ready; errors are the client's to tell.
      subscriber.on('error', () => {});
      let subscribed = false;
      subscriber.on('ready', () => {
        if (subscribed) ready();
      });
      const begin = async (): Promise<void> => {
        await subscriber.connect();
        await subscriber.subscribe(channel, message);
        subscribed = true;
        ready();
      };
      begin().catch(() => {});
      return () => void subscriber.destroy();
    },
  };
}

function ofIoRedis(client: IoRedisClient): Connection {
  return {
    send: (command, ...words) => client.call(command, ...words),
    hear: (channel, message, ready) => {
      const subscriber = client.duplicate();
      subscriber.on('error', () => {});
      subscriber.on('message', (_channel, text) => message(String(text)));
      // Ready comes before it has subscribed anew; asking once more is answered after that.
      const again = (): void => {
        subscriber.subscribe(channel).then(ready, () => {});
      };
      subscriber.on('ready', again);
      return () => void subscriber.disconnect();
    },
  };
}
