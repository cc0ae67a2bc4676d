/** A linearizable register on several independent Redis servers. */
import { decodeTag, encodeTag, quorumRegister, type QuorumRegister, type Versioned } from 'evenkeel';
import { RedisConnection } from './resp.ts';

/** One server, as one client talks to it. */
export class RedisReplica {
  readonly port: number;
  readonly connection: RedisConnection;

  constructor(port: number) {
    this.port = port;
    this.connection = new RedisConnection(port);
  }
}

/**
 * Puts a value if its tag is newer, in one step. Lua's own `<` compares texts by the server's locale, in which `-` or
 * `.` may count for nothing; so they are compared byte by byte, as encodeTag means them.
 */
const PUT_IF_NEWER = `
  local function newer(a, b)
    for i = 1, math.min(#a, #b) do
      local x, y = string.byte(a, i), string.byte(b, i)
      if x ~= y then return x > y end
    end
    return #a > #b
  end
  local old = redis.call('HGET', KEYS[1], 'tag')
  if old and not newer(ARGV[1], old) then return 0 end
  redis.call('HSET', KEYS[1], 'tag', ARGV[1], 'value', ARGV[2])
  return 1`;

/** A tombstone is a value that no JSON text is. */
const DELETED = '';

export async function readRow(
  replica: RedisReplica,
  key: string,
  { signal }: { signal: AbortSignal },
): Promise<Versioned<string> | undefined> {
  const [tag, value] = (await replica.connection.send(['HMGET', key, 'tag', 'value'], signal)) as string[];
  if (typeof tag !== 'string') return undefined;
  if (value === DELETED) return { tag: decodeTag(tag), deleted: true };
  return { tag: decodeTag(tag), value: JSON.parse(value ?? 'null') as string };
}

export async function putRow(
  replica: RedisReplica,
  key: string,
  { tag, value, deleted }: Versioned<string>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const text = deleted === true ? DELETED : JSON.stringify(value);
  await replica.connection.send(['EVAL', PUT_IF_NEWER, '1', key, encodeTag(tag), text], signal);
}

export function redisRegister(replicas: readonly RedisReplica[]): QuorumRegister<RedisReplica, string> {
  return quorumRegister({
    replicas,
    read: readRow,
    write: putRow,
    consistency: 'linearizable',
    replicaTimeoutMs: 300,
    timeoutMs: 1_000,
  });
}
