/** Real redis-server processes on free loopback ports, which a test may kill, pause, restart and make replicas. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, createConnection, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { Redis } from 'ioredis';
import type { IoRedisClient, NodeRedisClient } from 'evenkeel/redis';

/** Whether there is a server to start; where not, the suites are skipped, and say so. */
export const REDIS: boolean = spawnSync('redis-server', ['--version']).status === 0;
if (!REDIS) console.warn('SKIPPED: the tests with Redis, because redis-server is not installed');

export async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const endMs = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`it does not come true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What the server says to one command, without a client that would wait or reconnect. */
function say(port: number, command: string): Promise<string> {
  const words = command.split(' ').map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  const text = `*${words.length}\r\n${words.join('')}`;
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, '127.0.0.1', () => socket.write(text));
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer')));
    socket.once('data', (data) => {
      resolve(data.toString());
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Those that run; a test that fails before it stops its own must not leave one behind. */
const running = new Set<RedisServer>();

export async function stopAll(): Promise<void> {
  for (const server of running) await server.stop();
}

export class RedisServer {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'evenkeel-redis-'));
  #process: ChildProcess | undefined = undefined;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    running.add(server);
    await server.start();
    return server;
  }

  /** Starts it, again if need be: empty, because it saves nothing. */
  async start(): Promise<void> {
    const options = [
      '--save',
      '',
      '--appendonly',
      'no',
      '--bind',
      '127.0.0.1',
      '--repl-diskless-sync-delay',
      '0',
    ];
    this.#process = spawn('redis-server', ['--port', String(this.port), '--dir', this.#folder, ...options], {
      stdio: 'ignore',
    });
    await until(
      () => say(this.port, 'PING').then((answer) => answer.startsWith('+PONG'), () => false),
      'the server answers',
    ); // prettier-ignore
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  say(command: string): Promise<string> {
    return say(this.port, command);
  }

  async stop(): Promise<void> {
    running.delete(this);
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export interface Clients {
  /** A client, connected. */
  readonly connect: (port: number) => Promise<NodeRedisClient | IoRedisClient>;
  readonly close: () => void;
}

/** Both kinds of clients, each closed at the end of its test. */
export const CLIENTS: readonly [string, () => Clients][] = [
  [
    'node-redis',
    () => {
      const clients: { destroy(): void }[] = [];
      return {
        connect: async (port) => {
          const socket = { host: '127.0.0.1', port, reconnectStrategy: () => 20 };
          const client = createClient({ socket });
          client.on('error', () => {});
          await client.connect();
          clients.push(client);
          return client;
        },
        close: () => {
          for (const client of clients) client.destroy();
        },
      };
    },
  ],
  [
    'ioredis',
    () => {
      const clients: Redis[] = [];
      return {
        connect: async (port) => {
          const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20, maxRetriesPerRequest: null });
          client.on('error', () => {});
          clients.push(client);
          await client.ping();
          return client;
        },
        close: () => {
          for (const client of clients) client.disconnect();
        },
      };
    },
  ],
]; // prettier-ignore
