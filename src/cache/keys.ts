/**
 * Keys: what an argument is stored under. Two arguments share a key exactly when they say the same.
 *
 * Every measured npm cache with structured keys mixes some up: JSON makes NaN, null and a Map one key, `String`
 * makes every object one, 1 is '1', and a 32-bit hash gave a caller another key's row. Here primitives are their
 * own keys, without any work; plain data becomes a string in which every part says its kind and, where it could
 * run into the next, its length; all else (functions, symbols, instances of classes) counts by identity.
 */
import { OptionError } from '../core/errors.ts';

export type Key = string | number | bigint | boolean | symbol;

/** Begins every written key; a string that begins with it itself is written too, so the two never meet. */
export const MARK: string = '\u0000';
/** Deeper than any argument that is meant as a key; a cycle gets there at once. */
const MAX_DEPTH = 100;

export class Keys {
  // Numbers given to what counts by identity; weak, so that a key keeps nothing alive.
  #ids: WeakMap<object, number> | undefined = undefined;
  #lastId = 0;
  readonly #where: string;

  constructor(where: string) {
    this.#where = where;
  }

  /** @throws {@link OptionError} for a structure with a cycle */
  of(value: unknown): Key {
    switch (typeof value) {
      case 'string':
        return value.charCodeAt(0) === 0 ? MARK + text(value) : value;
      case 'number':
      case 'bigint':
      case 'boolean':
      case 'symbol':
        return value;
      default:
        return MARK + this.#write(value, 0);
    }
  }

  #write(value: unknown, depth: number): string {
    switch (typeof value) {
      case 'string':
        return text(value);
      case 'number':
        return String(value);
      case 'bigint':
        return `${value}n`;
      case 'symbol':
        return this.#writeSymbol(value);
      case 'function':
        return this.#identity(value);
      case 'object':
        return value === null ? 'null' : this.#writeObject(value, depth);
      default:
        return String(value);
    }
  }

  #writeObject(value: object, depth: number): string {
    if (depth === MAX_DEPTH) {
      const allowed = `data without cycles, at most ${MAX_DEPTH} levels deep`;
      throw new OptionError(this.#where, 'the key', value, allowed);
    }
    const below = depth + 1;
    const prototype: unknown = Object.getPrototypeOf(value);
    switch (prototype) {
      case Object.prototype:
      case null:
        return this.#writeRecord(value as Record<PropertyKey, unknown>, below);
      case Array.prototype:
        return `[${Array.from(value as unknown[], (item) => this.#write(item, below)).join()}]`;
      case Map.prototype:
        return `M[${this.#writePairs([...(value as Map<unknown, unknown>)], below)}]`;
      case Set.prototype: {
        const items = [...(value as Set<unknown>)].map((item) => this.#write(item, below));
        return `S[${items.sort().join()}]`;
      }
      case Date.prototype:
        return `D${(value as Date).getTime()}`;
      case RegExp.prototype:
        return `R${text((value as RegExp).source)}${(value as RegExp).flags}`;
      case URL.prototype:
        return `U${text((value as URL).href)}`;
      default:
        return writeBytes(value) ?? this.#identity(value);
    }
  }

  /** In the order of the names, so that `{ a, b }` and `{ b, a }` are one; symbols are names too. */
  #writeRecord(record: Record<PropertyKey, unknown>, depth: number): string {
    let written = '{';
    for (const name of Object.keys(record).sort()) {
      written += `${text(name)}=${this.#write(record[name], depth)},`;
    }
    const symbols = Object.getOwnPropertySymbols(record).filter((symbol) =>
      Object.prototype.propertyIsEnumerable.call(record, symbol),
    );
    if (symbols.length > 0) {
      written += this.#writePairs(
        symbols.map((symbol) => [symbol, record[symbol]]),
        depth,
      );
    }
    return `${written}}`;
  }

  #writePairs(pairs: [unknown, unknown][], depth: number): string {
    return pairs
      .map(([name, value]) => `${this.#write(name, depth)}=${this.#write(value, depth)}`)
      .sort()
      .join();
  }

  #writeSymbol(symbol: symbol): string {
    const registered = Symbol.keyFor(symbol);
    return registered === undefined ? this.#identity(symbol as unknown as object) : `~${text(registered)}`;
  }

  #identity(value: object): string {
    const ids = (this.#ids ??= new WeakMap());
    let id = ids.get(value);
    if (id === undefined) ids.set(value, (id = ++this.#lastId));
    return `@${id}`;
  }
}

/** With its length before it, no string can pass for a piece of structure. */
export function text(value: string): string {
  return `${value.length}'${value}`;
}

/** Bytes and typed arrays by kind and content; Node's Buffer is the Uint8Array that it is. */
function writeBytes(value: object): string | undefined {
  if (ArrayBuffer.isView(value)) {
    const kind = String((value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]);
    return `B${kind}[${new Uint8Array(value.buffer, value.byteOffset, value.byteLength).join()}]`;
  }
  return value instanceof ArrayBuffer ? `B[${new Uint8Array(value).join()}]` : undefined;
}
