/**
 * Keys as text, and back: for what outlives the process, or leaves it. Text of a text is its length and itself, so
 * no two keys have the same.
 */
import { type Key, MARK, text } from './keys.ts';

/** The key as text; `undefined` for one that means something in this process only (it counts by identity). */
export function keyText(key: Key): string | undefined {
  switch (typeof key) {
    case 'symbol':
      return Symbol.keyFor(key) === undefined ? undefined : `~${text(Symbol.keyFor(key) as string)}`;
    case 'bigint':
      return `${key}n`;
    case 'string':
      if (!key.startsWith(MARK)) return text(key);
      return holdsIdentity(key) ? undefined : key.slice(1);
    default:
      return String(key);
  }
}

/** The key that has this text; `undefined` if there is none. */
export function keyOfText(written: string): Key | undefined {
  const primitive = /^(?:(true|false)|(-?\d+)n|(NaN|-?Infinity|-?\d[\d.e+-]*)|(~?)(\d+)'([^]*))$/.exec(
    written,
  );
  if (primitive === null) return /^[[{@A-Zun]/.test(written) ? MARK + written : undefined;
  const [, bool, big, number, registered, length, body] = primitive;
  if (bool !== undefined) return bool === 'true';
  if (big !== undefined) return BigInt(big);
  if (number !== undefined) return Number(number);
  if (body === undefined || Number(length) !== body.length) return undefined;
  if (registered === '~') return Symbol.for(body);
  return body.startsWith(MARK) ? MARK + text(body) : body;
}

/** Whether a part of the written key counts by identity; texts are skipped, whatever they say. */
function holdsIdentity(key: string): boolean {
  for (let at = 1; at < key.length; at++) {
    if (key[at] === '@') return true;
    const length = /^\d+(?=')/.exec(key.slice(at, at + 16));
    if (length !== null) at += length[0].length + Number(length[0]);
  }
  return false;
}
