/**
 * What all guards have in common: a mode, a voice, and options that can be changed while calls are under way.
 *
 * A guard is an engine, which does the work, behind a policy. Its options are checked as a whole and then obeyed as a
 * whole: at construction, and again whenever some of them change.
 */
import { type Clock, systemClock } from '../core/clock.ts';
import { OptionError } from '../core/errors.ts';
import type { Observer, Reporter } from '../core/observer.ts';
import { checkOneOf } from '../core/options.ts';
import { type Execute, type Limit, type Policy, policyOf } from '../core/policy.ts';

/** `'observe'` decides, counts and tells, and lets every call have its way: to try a guard out. */
export type GuardMode = 'enforce' | 'observe';

/** What every guard may be told. */
export interface GuardOptions {
  /** `'observe'` decides and tells, but changes nothing about any call. @defaultValue 'enforce' */
  readonly mode?: GuardMode;
  readonly clock?: Clock;
  readonly observer?: Observer;
  /** In events. */
  readonly name?: string;
}

/** The options of a guard that can be changed; `undefined` brings the default back. */
export type Changes<O> = {
  readonly [K in keyof O as K extends 'clock' | 'random' | 'observer' | 'name' ? never : K]?:
    O[K] | undefined;
};

/** A policy that counts what it does, and whose options can be changed. */
export interface Guard<O, Snapshot> extends Policy, Adjustable<O> {
  snapshot(): Snapshot;
}

/** Something whose options can be changed. */
export interface Adjustable<O> {
  /**
   * Changes some options, for calls from now on, and tells of it; what is counted stays counted.
   *
   * @throws {@link OptionError} for an option out of its range, or one that cannot be changed; then nothing changes
   */
  reconfigure(changes: Changes<O>): void;
}

/** What does a guard's work. */
export interface Engine<O, Snapshot> {
  readonly reporter: Reporter;
  /** Checks all options, and from now on obeys them; throws before anything has changed. */
  configure(options: O): void;
  snapshot(): Snapshot;
}

/** The policy in front of an engine. `execute` is the engine's, by a function of its own, so that it stays fast. */
export function guardOf<O extends GuardOptions, Snapshot>(
  where: string,
  options: O,
  engine: Engine<O, Snapshot>,
  execute: Execute,
  limit?: Limit,
): Guard<O, Snapshot> {
  return Object.assign(policyOf(execute, options.clock ?? systemClock, limit), {
    snapshot: () => engine.snapshot(),
    reconfigure: reconfigurer(where, options, engine),
  });
}

/** Where a guard gets time and chance from, and who hears of it: given once. */
const PORTS: readonly string[] = ['clock', 'random', 'observer', 'name'];

function reconfigurer<O extends object>(
  where: string,
  options: O,
  engine: Engine<O, unknown>,
): (changes: Changes<O>) => void {
  let current = options;
  return (changes) => {
    for (const [option, value] of Object.entries(changes)) {
      if (PORTS.includes(option)) throw new OptionError(where, option, value, 'left as it is');
    }
    const wanted = { ...current, ...changes };
    engine.configure(wanted);
    current = wanted;
    if (engine.reporter.on) engine.reporter.tell('reconfigured', { changed: Object.keys(changes) });
  };
}

/** The checked mode: whether the guard only observes. */
export function observes(where: string, { mode }: { readonly mode?: GuardMode | undefined }): boolean {
  return checkOneOf(where, 'mode', mode ?? 'enforce', ['enforce', 'observe']) === 'observe';
}
