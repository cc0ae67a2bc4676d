/**
 * Fetch as a transport: how its responses are judged, and what its errors are. The fetch that balances and
 * retries is `resilientFetch`, at the front door.
 *
 * @module
 */
export { classifyResponse } from './classify.ts';
export { isOriginError, OriginError } from './origins.ts';
export type { FetchInit } from './request.ts';
