/**
 * `Retry-After` (RFC 9110 §10.2.3): seconds, or a date. A date is read against the response's own `Date`, so no
 * wall clock is asked, and a server whose clock is wrong is wrong twice, which cancels out.
 */

/** Milliseconds to stay away; 0 if the response does not say, or says it in no known way. */
export function retryAfterMs(headers: Headers): number {
  const value = headers.get('retry-after');
  if (value === null) return 0;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const waitMs = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return waitMs > 0 ? waitMs : 0;
}
