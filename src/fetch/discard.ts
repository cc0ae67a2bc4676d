/**
 * Gives up a response that nobody will read, so that its connection does not stay open for the collector to
 * find: a short body is drained, which keeps the connection for the next request; any other is cancelled.
 */
const DRAINED_BYTES = 65_536;

export function discardResponse(response: unknown): void {
  const { body, headers } = response as Response;
  if (body === null || body === undefined || body.locked) return;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const ended: Promise<unknown> =
    length <= DRAINED_BYTES ? (response as Response).arrayBuffer() : body.cancel();
  ended.catch(() => {});
}
