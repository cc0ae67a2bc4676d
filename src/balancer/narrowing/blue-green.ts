/** Blue-green: two or more versions stand side by side, and one of them gets the calls. */
import { OptionError } from '../../core/errors.ts';
import { checkFunction } from '../../core/options.ts';
import type { Endpoint } from '../../core/endpoint.ts';
import type { Outcome } from '../../core/outcome.ts';
import type { Candidate, PickedCall, Picker, PickerState, PickerTools } from '../pickers/picker.ts';
import { Groups } from './groups.ts';
import type { Narrowing } from './narrowing.ts';

export interface BlueGreenOptions<E> {
  /** The version that gets the calls at first. */
  readonly active: string;
  /** Which version an endpoint is. @defaultValue its label `version` */
  readonly versionOf?: (endpoint: Endpoint<E>) => string | undefined;
}

/** What {@link blueGreen} makes. */
export interface BlueGreen<E = unknown> extends Narrowing<E> {
  /** New calls, and further attempts of those under way, go to this version; calls in flight end where they are. */
  switchTo(version: string): void;
  readonly active: string;
}

/**
 * Sends calls to one version of a service only, and to the other from one call to the next.
 *
 * While the active version has no endpoint, or nobody who is well, calls go to the others: a switch that was too
 * early drops nothing. To try a version on a few calls first, see `canary`.
 *
 * @throws {@link OptionError} for a version that is no text
 * @example
 * ```ts
 * import { balance, blueGreen, endpoint } from 'evenkeel';
 * const version = blueGreen({ active: 'blue' });
 * const call = balance({
 *   endpoints: [endpoint('a', { labels: { version: 'blue' } }), endpoint('b', { labels: { version: 'green' } })],
 *   send: async (host) => host,
 *   narrow: [version],
 * });
 * if ((await call()) !== 'a') throw new Error('not blue');
 * version.switchTo('green');
 * if ((await call()) !== 'b') throw new Error('not green');
 * ```
 */
export function blueGreen<E = unknown>(options: BlueGreenOptions<E>): BlueGreen<E> {
  const versionOf = checkFunction(
    'blueGreen',
    'versionOf',
    options.versionOf ?? (({ labels }: Endpoint<E>) => labels['version']),
  );
  let active = checkVersion(options.active);
  const narrow: Narrowing<E> = (inner) => ({
    create: (tools) => new ByVersion(() => active, versionOf, inner, tools),
  });
  const more = {
    switchTo: (version: string) => {
      active = checkVersion(version);
    },
  };
  return Object.defineProperty(Object.assign(narrow, more), 'active', { get: () => active }) as BlueGreen<E>;
}

function checkVersion(version: string): string {
  if (typeof version === 'string' && version !== '') return version;
  throw new OptionError('blueGreen', 'active', version, 'the name of a version');
}

class ByVersion<E> implements PickerState<E> {
  readonly #active: () => string;
  readonly #groups: Groups<E, string>;

  constructor(
    active: () => string,
    versionOf: (endpoint: Endpoint<E>) => string | undefined,
    inner: Picker<E>,
    tools: PickerTools,
  ) {
    this.#active = active;
    this.#groups = new Groups(inner, tools, ({ endpoint }) => versionOf(endpoint) ?? '');
  }

  update(candidates: readonly Candidate<E>[]): void {
    this.#groups.update(candidates);
  }

  pick(nowMs: number, call: PickedCall): Candidate {
    const group = this.#groups.orFirst(this.#active());
    call.trace?.note(`version ${group.key}`);
    return this.#groups.pick(group, nowMs, call);
  }

  ended(candidate: Candidate<E>, outcome: Outcome, latencyMs: number, nowMs: number): void {
    this.#groups.ended(candidate, outcome, latencyMs, nowMs);
  }

  dispose(): void {
    this.#groups.dispose();
  }
}
