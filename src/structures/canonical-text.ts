/**
 * A text that is equal for two values exactly if they are equal by content: the order of an object's keys, of a
 * Map's entries and of a Set's members does not matter; `1` is not `'1'`, `NaN` is itself, `null` is not
 * `undefined`. For plain data as it comes over a wire.
 *
 * `undefined` for what has no such text: functions, symbols, instances of classes (whose content nobody but the
 * class can see: two different Responses would look the same), and what is nested too deeply, which cycles are.
 */
export function canonicalText(value: unknown): string | undefined {
  return textOf(value, 0);
}

const MAX_DEPTH = 100;

function textOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
    case 'symbol':
      return undefined;
    case 'object':
      return value === null ? 'null' : depth < MAX_DEPTH ? textOfObject(value, depth + 1) : undefined;
    default:
      return String(value);
  }
}

function textOfObject(value: object, depth: number): string | undefined {
  if (Array.isArray(value)) return wrap('[', list(value, depth), ']');
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (value instanceof Map) return wrap('Map(', list([...value], depth)?.sort(), ')');
  if (value instanceof Set) return wrap('Set(', list([...value], depth)?.sort(), ')');
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) {
    const numbers = [...(value as unknown as Iterable<number | bigint>)];
    return wrap(`${Object.prototype.toString.call(value)}(`, list(numbers, depth), ')');
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype ? textOfFields(value, depth) : undefined;
}

function textOfFields(value: object, depth: number): string | undefined {
  const fields: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const text = textOf((value as Record<string, unknown>)[key], depth);
    if (text === undefined) return undefined;
    fields.push(`${JSON.stringify(key)}:${text}`);
  }
  return wrap('{', fields, '}');
}

/** The text of each item, or `undefined` if one has none. */
function list(items: readonly unknown[], depth: number): string[] | undefined {
  const texts: string[] = [];
  for (const item of items) {
    const text = textOf(item, depth);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function wrap(open: string, texts: readonly string[] | undefined, close: string): string | undefined {
  return texts === undefined ? undefined : `${open}${texts.join()}${close}`;
}
