/** Asking a picker again for somebody else. */
import type { Candidate, PickedCall } from '../pickers/picker.ts';

/** The same call, as if it had been to `candidate` already: pickers then take another, if there is one. */
export function without(call: PickedCall, candidate: Candidate): PickedCall {
  const { options, tried, triedToo, trace } = call;
  const more = tried === undefined ? triedToo : [...(triedToo ?? []), candidate];
  return { options, tried: tried ?? candidate, triedToo: more, ...(trace && { trace }) };
}
