/** The register as it is, as a client of the simulation. */
import {
  encodeTag,
  quorumRegister,
  type QuorumRegisterOptions,
  type RegisterWriteError,
  type Tag,
} from 'evenkeel';
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

/** A write or a deletion whose outcome is unknown is tried again with the same tag, sometimes. */
export function clientFrom({ random }: World, register: ReturnType<typeof registerOf>): RegisterClient {
  const failure = (error: unknown): Failure => {
    const { outcome, tag } = error as RegisterWriteError;
    return { outcome: outcome === 'not-applied' ? outcome : 'indeterminate', tag: tag && encodeTag(tag) };
  };
  const finished = async (write: Promise<{ readonly tag: Tag }>): Promise<string> => {
    try {
      return encodeTag((await write).tag);
    } catch (error) {
      if (failure(error).outcome === 'not-applied' || random() < 0.5) throw failure(error);
      try {
        return encodeTag((await register.retry(error as Error)).tag);
      } catch (again) {
        throw { ...failure(again), outcome: 'indeterminate' };
      }
    }
  };
  return {
    read: async (key) => {
      const { value, tag } = await register.lookup(key);
      return { value, tag: tag && encodeTag(tag) };
    },
    write: (key, value) =>
      finished(random() < 0.1 ? register.update(key, () => value) : register.write(key, value)),
    erase: (key) => finished(register.delete(key)),
  };
}
