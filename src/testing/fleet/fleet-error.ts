/** What simulated servers fail with. */
import { EvenkeelError, hasCode } from '../../core/errors.ts';

/** The codes of {@link FleetError}s. */
export type FleetErrorCode = 'FLEET_FAILED' | 'FLEET_SHED' | 'ECONNREFUSED' | 'ECONNRESET';

const MESSAGES: Readonly<Record<FleetErrorCode, string>> = {
  FLEET_FAILED: 'failed, as the script said',
  FLEET_SHED: 'was full',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'restarted',
};

/**
 * A simulated server's failure. `code` says which: `FLEET_FAILED` (it was told to fail), `FLEET_SHED` (its queue
 * was full), `ECONNREFUSED` (it was told to refuse) or `ECONNRESET` (it restarted with the request in hand).
 */
export class FleetError extends EvenkeelError {
  readonly server: string;
  /** For a full queue, 0: the server is busy and gives no hint; the default classifier takes it as overload. */
  declare readonly retryAfterMs?: number;

  constructor(code: FleetErrorCode, server: string) {
    super(code, `the simulated server ${server} ${MESSAGES[code]}`);
    this.server = server;
    if (code === 'FLEET_SHED') this.retryAfterMs = 0;
  }

  override get name(): string {
    return 'FleetError';
  }
}

/** Whether `error` is a {@link FleetError}. */
export function isFleetError(error: unknown): error is FleetError {
  return (Object.keys(MESSAGES) as FleetErrorCode[]).some((code) => hasCode(error, code));
}
