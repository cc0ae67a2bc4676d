/**
 * The examples in the docstrings, the README and the guides: each is a program, compiled and run by the tests.
 *
 * A block of a page may have a prelude that its reader does not need: an HTML comment right before it that
 * begins with the word `prelude`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { sources } from './sources.ts';

export interface Snippet {
  /** Where it stands: a file and a line. */
  readonly place: string;
  readonly code: string;
}

const root = new URL('../../', import.meta.url);

export function snippets(): Snippet[] {
  return [...docstringSnippets(), ...pages().flatMap((page) => pageSnippets(page))];
}

function docstringSnippets(): Snippet[] {
  return [...sources()].flatMap(([file, text]) =>
    [...text.matchAll(/^ *\* *```ts\n([^]*?)^ *\* *```/gm)].map((match) => ({
      place: `src/${file}:${lineOf(text, match.index)}`,
      code: (match[1] ?? '').replaceAll(/^ *\* ?/gm, ''),
    })),
  );
}

function pages(): string[] {
  const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
  const guides = docs.filter((path) => path.endsWith('.md') && !path.startsWith('api'));
  return ['README.md', ...guides.map((path) => `docs/${path}`)];
}

function pageSnippets(page: string): Snippet[] {
  const text = readFileSync(new URL(page, root), 'utf8');
  return [...text.matchAll(/(?:<!-- prelude\n([^]*?)-->\n+)?^```ts\n([^]*?)^```/gm)].map((match) => ({
    place: `${page}:${lineOf(text, match.index)}`,
    code: `${match[1] ?? ''}${match[2] ?? ''}`,
  }));
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
