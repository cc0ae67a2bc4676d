/** Real server processes on loopback ports they find themselves; started, misled, killed and started again. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('server.mjs', import.meta.source));
const running = new Set<ChildProcess>();

export class Server {
  readonly name: string;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(name: string) {
    this.name = name;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it; again on the port it had before. */
  async start(): Promise<void> {
    const child = fork(program, [this.name, String(this.#port)], { execArgv: [] });
    running.add(child);
    this.#child = child;
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    this.#port = port;
  }

  behave(how: 'well' | 'slow' | 'failing'): void {
    this.#child?.send(how);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    running.delete(child);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

export async function startServers(names: readonly string[]): Promise<Server[]> {
  const servers = names.map((name) => new Server(name));
  await Promise.all(servers.map((server) => server.start()));
  return servers;
}

export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
}
