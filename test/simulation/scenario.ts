/** What a scenario is: a question, a fleet in which it is put, and figures with the bounds they have to keep. */
import type { FleetReport, FleetServer } from 'evenkeel/testing';
import { type Contender, THE_DEFAULT } from './contenders.ts';

export interface Scenario {
  readonly name: string;
  /** What is asked, in a sentence. */
  readonly asks: string;
  /** What others have measured or proved, and where. */
  readonly reference: readonly string[];
  /** The figure that its picture shows as bars, where the rows have no timeline. */
  readonly shows?: string;
  run(trial: Trial): Promise<readonly Row[]>;
}

export interface Trial {
  readonly seed: number;
  /** 1 is the full length; the tests run less. */
  readonly size: number;
  readonly contenders: readonly Contender[];
  /** How many histories, where histories are counted. */
  readonly seeds?: number;
}

/** One contender in one case. */
export interface Row {
  readonly who: string;
  readonly case?: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly checks: readonly Check[];
  /** For its picture. */
  readonly report?: FleetReport;
}

/** A figure and the bound it has to keep. */
export interface Check {
  readonly figure: string;
  readonly value: number;
  readonly bound: string;
  readonly holds: boolean;
}

export function atMost(figure: string, value: number, bound: number): Check {
  return { figure, value, bound: `<= ${show(bound)}`, holds: value <= bound };
}

export function atLeast(figure: string, value: number, bound: number): Check {
  return { figure, value, bound: `>= ${show(bound)}`, holds: value >= bound };
}

/** Within a part of `target`, for instance 0.02 of it. */
export function near(figure: string, value: number, target: number, part: number): Check {
  const holds = Math.abs(value - target) <= part * target;
  return { figure, value, bound: `${show(target)} ± ${show(part * 100)} %`, holds };
}

/** Within an absolute distance of `target`. */
export function within(figure: string, value: number, target: number, distance: number): Check {
  return {
    figure,
    value,
    bound: `${show(target)} ± ${show(distance)}`,
    holds: Math.abs(value - target) <= distance,
  };
}

/** Only the default has bounds to keep; the others are there for comparison. */
export function ifDefault({ name }: Contender, checks: readonly Check[]): readonly Check[] {
  return name === THE_DEFAULT.name ? checks : [];
}

/** The last `count` servers of a fleet of equals. */
export function servers(count: number, spec: Omit<FleetServer, 'id'>): FleetServer[] {
  return Array.from({ length: count }, (_, n) => ({ id: `s${n}`, ...spec }));
}

/** Runs them one after another, for memory's sake. */
export async function each<T>(
  list: readonly T[],
  run: (item: T) => Promise<Row | readonly Row[]>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const item of list) rows.push(...[await run(item)].flat());
  return rows;
}

/** Four digits, and no more than a number needs. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(4)));
}
