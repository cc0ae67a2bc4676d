/** Completion: a response may be only the beginning of the work. Its user says when it is over. */
import { FAILURE, type Outcome, SUCCESS } from '../core/outcome.ts';

/** Told when the work of a call is really over, and whether what came after the answer failed. Heeded once. */
export interface Done {
  (outcome?: 'success' | 'failure'): void;
  /** What the caller waits for has come, for instance the first token; the work goes on. */
  readonly answered: () => void;
}

/** What becomes of an attempt whose response goes on. */
export interface Completing {
  /** It was answered: its latency ends here. */
  answered(outcome: Outcome): void;
  /** It failed after it had been answered. */
  broke(outcome: Outcome): void;
  /** Its work is over. */
  release(): void;
}

/** The `done` of one attempt. `counted` says that its latency has ended already. */
export function doneOf(attempt: Completing, counted: boolean): Done {
  let [open, waiting] = [true, !counted];
  const answered = (outcome: Outcome): void => {
    if (!waiting) return;
    waiting = false;
    attempt.answered(outcome);
  };
  const done = (outcome?: 'success' | 'failure'): void => {
    if (!open) return;
    open = false;
    if (outcome !== 'failure') answered(SUCCESS);
    else if (waiting) answered(FAILURE);
    else attempt.broke(FAILURE);
    attempt.release();
  };
  return Object.assign(done, {
    answered: () => {
      if (open) answered(SUCCESS);
    },
  });
}
