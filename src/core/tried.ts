/** Which endpoints a call has been sent to: balancers mark them and avoid them, so that a retry goes elsewhere. */

/** The first endpoint that was picked, and those after it; most calls have no second. A `Call` has these. */
export interface Tried {
  readonly tried: object | undefined;
  readonly triedToo: readonly object[] | undefined;
}

export function markTried(
  call: { tried: object | undefined; triedToo: object[] | undefined },
  pick: object,
): void {
  if (call.tried === undefined) call.tried = pick;
  else if (call.triedToo === undefined) call.triedToo = [pick];
  else call.triedToo.push(pick);
}

export function hasTried(call: Tried, pick: object): boolean {
  return call.tried === pick || (call.triedToo !== undefined && call.triedToo.includes(pick));
}
