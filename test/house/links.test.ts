/** Every link between the pages leads to a file, and to a heading in it where it names one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const docs = readdirSync(new URL('docs/', root), { recursive: true, encoding: 'utf8' });
const pages = [
  'README.md',
  ...docs.filter((path) => path.endsWith('.md') && !path.startsWith('api')).map((path) => `docs/${path}`),
];

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: URL): string[] {
  const headings = readFileSync(page, 'utf8').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, text = '']) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('the pages', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const from = new URL(page, root);
    const links = [...readFileSync(from, 'utf8').matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to);
    for (const link of links.filter((to) => !/^[a-z]+:/.test(to))) {
      const to = new URL(link, from);
      const anchor = to.hash.slice(1);
      to.hash = '';
      expect(existsSync(to), link).toBe(true);
      if (anchor !== '') expect(anchorsOf(to), link).toContain(anchor);
    }
  });

  it('are all in the table of contents', () => {
    const contents = readFileSync(new URL('docs/README.md', root), 'utf8');
    const guides = docs.filter((path) => /^[a-z-]+\.md$/.test(path));
    expect(guides.filter((path) => !contents.includes(`(${path})`))).toEqual([]);
  });
});
