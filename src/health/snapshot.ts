/** What a health tracker shows of itself. */
import { type Status, statusOf } from '../core/health.ts';
import type { Aspects } from './aspects.ts';
import type { Patient } from './patient.ts';
import type { Registry } from './registry.ts';

/** How well an endpoint is, and why it is not. */
export interface Standing {
  readonly status: Status;
  readonly reason: string | undefined;
}

export interface EndpointSnapshot<E> extends Standing {
  readonly endpoint: E;
  /** By aspect, where calls of it have been told of. */
  readonly aspects: Readonly<
    Record<string, { readonly status: Status; readonly reason: string | undefined }>
  >;
}

export interface HealthSnapshot<E> {
  readonly endpoints: readonly EndpointSnapshot<E>[];
  /** Endpoints out by ejection, but for those out in one aspect only. */
  readonly ejected: number;
  /** Whether this process seems cut off from most endpoints at once. */
  readonly isolated: boolean;
}

export function snapshotOf<E>(
  registry: Registry<E>,
  aspects: Aspects<E>,
  isolated: boolean,
): HealthSnapshot<E> {
  const endpoints = [...registry.entries()].map(({ chart, address }) => ({
    endpoint: address,
    ...standing(aspects.main.patient(chart)),
    aspects: Object.fromEntries(
      [...aspects.named()].flatMap(([name, ward]) => {
        const patient = ward.known(chart);
        return patient === undefined ? [] : [[name, standing(patient)]];
      }),
    ),
  }));
  return { endpoints, ejected: aspects.main.ejected, isolated };
}

function standing({ rank, reason }: Patient): Standing {
  return { status: statusOf(rank), reason };
}
