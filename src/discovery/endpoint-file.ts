/**
 * A file of endpoints: a JSON list of addresses, and of objects that say more of one, as `endpoint` does.
 *
 * A mistake in it is an error that names the entry, and makes the whole file unusable: half a list would take
 * endpoints away that its writer did not mean.
 */
import { endpoint, type Endpoint, type EndpointOptions } from '../core/endpoint.ts';
import { OptionError } from '../core/errors.ts';

/** One entry of the file. */
type Fields = Readonly<Record<string, unknown>>;

/** The list, or what stands in its place. Throws what `JSON.parse` throws, and {@link OptionError} for an entry. */
export function readEndpointFile(text: string): unknown {
  // Editors on some systems begin a file with a byte order mark, which JSON does not know.
  const content: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  if (!Array.isArray(content)) return content;
  return content.map((entry: unknown, index) => readEntry(entry, `entry ${index}`));
}

function readEntry(entry: unknown, where: string): Endpoint<string> {
  const fields: Fields = typeof entry === 'object' && entry !== null ? (entry as Fields) : { address: entry };
  const address = check(fields, 'address', where, isText, 'an address');
  if (address === undefined)
    throw new OptionError('watchedFile', `${where}: address`, undefined, 'an address');
  const id = check(fields, 'id', where, isIdentity, 'a string or a number');
  const weight = check(fields, 'weight', where, isNumber, 'a number above 0');
  const zone = check(fields, 'zone', where, isText, 'a string');
  const priority = check(fields, 'priority', where, isNumber, 'a number of at least 0');
  const labels = check(fields, 'labels', where, isLabels, 'an object of strings');
  const options: EndpointOptions = {
    ...(id === undefined ? {} : { id }),
    ...(weight === undefined ? {} : { weight }),
    ...(zone === undefined ? {} : { zone }),
    ...(priority === undefined ? {} : { priority }),
    ...(labels === undefined ? {} : { labels }),
  };
  return endpoint(address, options);
}

/** A field that is not there, or is what it has to be. */
function check<T>(
  fields: Fields,
  field: string,
  where: string,
  is: (value: unknown) => value is T,
  allowed: string,
): T | undefined {
  const value = fields[field];
  if (value === undefined || is(value)) return value;
  throw new OptionError('watchedFile', `${where}: ${field}`, value, allowed);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isIdentity = (value: unknown): value is string | number => isText(value) || isNumber(value);
const isLabels = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((label) => typeof label === 'string');
