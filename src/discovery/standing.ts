/**
 * What a source knows, as data: the last good answer, how old it is, and whether it can still be believed.
 *
 * ```text
 *   waiting ──answered──▶ fresh ──refused, rested──▶ stale ──maxAgeMs──▶ lost
 *                           ▲                          │                   │
 *                           └───────── answered ───────┴───────────────────┘
 * ```
 *
 * A failure takes nothing away (law 6): only age does, and only where the user has set a limit.
 */
import type { Endpoint } from '../core/endpoint.ts';
import { reuse, sameEndpoints } from './answer.ts';

export interface Limits {
  /** How old an answer may become. */
  readonly maxAgeMs: number;
  /** How long an endpoint that is in no answer any more stays. */
  readonly removalDelayMs: number;
  /** How many endpoints are held at most, those that are leaving included. */
  readonly maxEndpoints: number;
}

/** An endpoint that the last answer did not hold any more. */
export interface Leaving<E> {
  readonly endpoint: Endpoint<E>;
  readonly untilMs: number;
}

export interface Standing<E> {
  readonly kind: 'waiting' | 'fresh' | 'stale' | 'lost';
  /** The last good answer. */
  readonly answer: readonly Endpoint<E>[];
  /** Those who left last come first. */
  readonly leaving: readonly Leaving<E>[];
  /** What followers are told: both of them. */
  readonly endpoints: readonly Endpoint<E>[];
  /** When the last good answer came. */
  readonly atMs: number;
  /** Why the source could not be asked since. */
  readonly error: unknown;
}

export const UNKNOWN: Standing<never> = {
  kind: 'waiting',
  answer: [],
  leaving: [],
  endpoints: [],
  atMs: -Infinity,
  error: undefined,
};

/** An answer has come. What says the same as before stays the same object: the list, and each endpoint in it. */
export function answered<E>(
  before: Standing<E>,
  list: readonly Endpoint<E>[],
  nowMs: number,
  limits: Limits,
): Standing<E> {
  const answer = reuse(before.endpoints, list);
  const leaving = limits.removalDelayMs === 0 ? [] : leavingAfter(before, answer, nowMs, limits);
  const endpoints = toldOf(before, answer, leaving);
  return { kind: 'fresh', answer, leaving, endpoints, atMs: nowMs, error: undefined };
}

/** The source could not be asked, or its answer could not be used. */
export function refused<E>(before: Standing<E>, error: unknown): Standing<E> {
  return { ...rested(before), error };
}

/** Nobody keeps it up to date any more. */
export function rested<E>(before: Standing<E>): Standing<E> {
  return before.kind === 'fresh' ? { ...before, kind: 'stale' } : before;
}

/** What was known is not to be used any more. */
export function lost<E>(before: Standing<E>): Standing<E> {
  return before.kind === 'waiting'
    ? before
    : { ...before, kind: 'lost', leaving: [], endpoints: before.answer };
}

/** Time has passed. The same object if it changed nothing. */
export function aged<E>(before: Standing<E>, nowMs: number, limits: Limits): Standing<E> {
  if (isKnown(before) && nowMs - before.atMs >= limits.maxAgeMs) return lost(before);
  const leaving = before.leaving.filter(({ untilMs }) => untilMs > nowMs);
  if (leaving.length === before.leaving.length) return before;
  return { ...before, leaving, endpoints: toldOf(before, before.answer, leaving) };
}

/** When {@link aged} will next change something; `Infinity` if never. */
export function changesAtMs<E>(standing: Standing<E>, limits: Limits): number {
  const lostMs = isKnown(standing) ? standing.atMs + limits.maxAgeMs : Infinity;
  return standing.leaving.reduce((soonest, { untilMs }) => Math.min(soonest, untilMs), lostMs);
}

/** Whether it says who exists. */
export function isKnown<E>({ kind }: Standing<E>): boolean {
  return kind === 'fresh' || kind === 'stale';
}

function leavingAfter<E>(
  before: Standing<E>,
  answer: readonly Endpoint<E>[],
  nowMs: number,
  limits: Limits,
): readonly Leaving<E>[] {
  if (!isKnown(before)) return [];
  const here = new Set(answer.map(({ id }) => id));
  const untilMs = nowMs + limits.removalDelayMs;
  const now = before.answer.map((endpoint) => ({ endpoint, untilMs }));
  return [...now, ...before.leaving]
    .filter((one) => !here.has(one.endpoint.id) && one.untilMs > nowMs)
    .slice(0, limits.maxEndpoints - answer.length);
}

function toldOf<E>(
  before: Standing<E>,
  answer: readonly Endpoint<E>[],
  leaving: readonly Leaving<E>[],
): readonly Endpoint<E>[] {
  const endpoints = leaving.length === 0 ? answer : [...answer, ...leaving.map(({ endpoint }) => endpoint)];
  return sameEndpoints(before.endpoints, endpoints) ? before.endpoints : endpoints;
}
