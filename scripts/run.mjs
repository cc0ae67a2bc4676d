/**
 * Runs a TypeScript program of this repository against the built package, on any Node the package supports.
 *
 *   node scripts/run.mjs examples/demo/main.ts [arguments]
 */
import { mkdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [entry, ...rest] = process.argv.slice(2);
const outfile = `.cache/${basename(entry, '.ts')}-${process.pid}.mjs`;
mkdirSync('.cache', { recursive: true });
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  // `evenkeel` stays an import, so that the program gets what a user gets: the package as it is built.
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  define: { 'import.meta.source': JSON.stringify(pathToFileURL(entry).href) },
});
process.on('exit', () => rmSync(outfile, { force: true }));
process.argv = [process.argv[0], entry, ...rest];
await import(pathToFileURL(outfile).href);
