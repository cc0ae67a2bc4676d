/** How a call or an attempt ended, as events tell it. */
import type { Outcome } from './outcome.ts';

/** The facts of an event of type `'call'` or `'attempt'`, of which metrics are made. */
export function endingFacts(
  durationMs: number,
  { kind, reason }: Outcome,
  failed: boolean,
  result: unknown,
): Readonly<Record<string, unknown>> {
  return {
    durationMs,
    outcome: kind,
    ...(reason !== undefined && { reason }),
    ...(failed && { error: errorType(result) }),
  };
}

/** The code of an error, else its name: never its message, which may hold anything (law 13). */
function errorType(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string' && code !== '') return code;
  return typeof name === 'string' && name !== '' ? name : 'unknown';
}
