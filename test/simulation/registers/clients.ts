/** The register as it is, as a client of the simulation. */
import { encodeTag, quorumRegister, type QuorumRegisterOptions, type RegisterWriteError } from 'evenkeel';
import type { Failure, RegisterClient, Replica, World } from './world.ts';

export type Options = Partial<QuorumRegisterOptions<Replica, string>>;

/** Its time limits are short, so that much fails. */
export function registerOf({ clock, random, replicas }: World, name: string, options: Options = {}) {
  return quorumRegister<Replica, string>({
    replicas,
    read: (replica, key) => replica.send(name, { key }),
    write: (replica, key, put) => replica.send(name, { key, put }),
    consistency: 'linearizable',
    replicaTimeoutMs: 60,
    timeoutMs: 100,
    clock,
    random,
    ...options,
  });
}

export function clientOf(world: World, name: string, options: Options = {}): RegisterClient {
  return clientFrom(world, registerOf(world, name, options));
}

/** A write whose outcome is unknown is tried again with the same tag, sometimes; so a deletion is. */
export function clientFrom({ random }: World, register: ReturnType<typeof registerOf>): RegisterClient {
  const failure = (error: unknown): Failure => {
    const { outcome, tag } = error as RegisterWriteError;
    return { outcome: outcome === 'not-applied' ? outcome : 'indeterminate', tag: tag && encodeTag(tag) };
  };
  return {
    read: async (key) => {
      const { value, tag } = await register.lookup(key);
      return { value, tag: tag && encodeTag(tag) };
    },
    write: async (key, value) => {
      try {
        const write = random() < 0.1 ? register.update(key, () => value) : register.write(key, value);
        return encodeTag((await write).tag);
      } catch (error) {
        if (failure(error).outcome === 'not-applied' || random() < 0.5) throw failure(error);
        try {
          return encodeTag((await register.retry(error as Error)).tag);
        } catch (again) {
          throw { ...failure(again), outcome: 'indeterminate' };
        }
      }
    },
  };
}
