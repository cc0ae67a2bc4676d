/** How values become text for a far tier, and values again. */
export interface Serializer {
  /** The text of a value; `undefined` for one that has none, which then stays in the near tier. */
  stringify(value: unknown): string | undefined;
  /** @throws for what is no such text */
  parse(text: string): unknown;
}

/**
 * JSON, as it is: a Date comes back as its text, a Map and a Set as `{}`, `NaN` as `null`, fields that are `undefined`
 * not at all, and a bigint throws. Whoever caches such values brings a serializer of his own.
 */
export const jsonSerializer: Serializer = {
  stringify: (value) => JSON.stringify(value),
  parse: (text) => JSON.parse(text) as unknown,
};
