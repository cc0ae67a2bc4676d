/** Events name an error without repeating its message: a secret may stand in it (law 13). */
export function nameOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, name } = error as { code?: unknown; name?: unknown };
  return code ?? name;
}

/** About 80 bits of chance as a text: no other process, before or beside this one, has the same. */
export function newId(random: () => number): string {
  const digits = (): string => Math.floor(random() * 2 ** 40).toString(36);
  return `${digits()}-${digits()}`;
}
