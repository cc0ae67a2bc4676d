import { readdirSync, readFileSync } from 'node:fs';

/** Every file of `src`, by its path below it. */
export function sources(): Map<string, string> {
  const root = new URL('../../src/', import.meta.url);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  return new Map(
    paths.sort().map((path) => [path.replaceAll('\\', '/'), readFileSync(new URL(path, root), 'utf8')]),
  );
}
