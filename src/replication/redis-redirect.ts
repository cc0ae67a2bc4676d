/** What a Redis Cluster says when a request came to the wrong server. */
import type { Redirect } from './group.ts';

/**
 * Recognises `MOVED`, and the refusals of a server that has lost its role (`READONLY`) or its cluster (`CLUSTERDOWN`),
 * for servers that are named `host:port`. `ASK` is not among them: it is for one request only, to be answered where it
 * is heard, in `send`, by `ASKING` and the same request at the server it names.
 *
 * @example
 * ```ts
 * import { redisRedirect } from 'evenkeel';
 * const moved = { status: 'rejected', reason: new Error('MOVED 3999 127.0.0.1:6381') } as const;
 * if (redisRedirect(moved, '127.0.0.1:6379')?.to !== '127.0.0.1:6381') throw new Error('not followed');
 * ```
 */
export function redisRedirect(
  settled: PromiseSettledResult<unknown>,
  from: string,
): Redirect<string> | undefined {
  if (settled.status === 'fulfilled') return undefined;
  const { message } = Object(settled.reason) as { readonly message?: unknown };
  if (typeof message !== 'string') return undefined;
  const to = /^MOVED \d+ (\S*:\d+)$/.exec(message)?.[1];
  // Since Redis 7 a server that does not know a host's name leaves it out: it is the one that was asked.
  if (to !== undefined)
    return { to: to.startsWith(':') ? `${from.slice(0, from.lastIndexOf(':'))}${to}` : to };
  return /^(?:MOVED|READONLY|CLUSTERDOWN)\b/.test(message) ? {} : undefined;
}
