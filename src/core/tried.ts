/** Which endpoints a call has been sent to: balancers mark them and avoid them, so that a retry goes elsewhere. */
import type { Call } from './call.ts';

export function markTried(call: Call, pick: object): void {
  if (call.tried === undefined) call.tried = pick;
  else if (call.triedToo === undefined) call.triedToo = [pick];
  else call.triedToo.push(pick);
}

export function hasTried(call: Call, pick: object): boolean {
  return call.tried === pick || (call.triedToo !== undefined && call.triedToo.includes(pick));
}
