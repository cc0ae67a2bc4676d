/** Epochs that users' functions tell. One that is no number would compare with nothing, and so fence nothing. */
import { OptionError } from '../core/errors.ts';

/** The epoch, or `undefined`; whole, from 0, and finite. */
export function checkEpoch(option: string, epoch: number | undefined): number | undefined {
  if (epoch === undefined || (Number.isSafeInteger(epoch) && epoch >= 0)) return epoch;
  throw new OptionError('partitioned', option, epoch, 'a whole number of at least 0, or undefined');
}
