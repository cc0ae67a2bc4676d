/**
 * The law of imports (DESIGN §2): door → presets and testing → rooms → two grounds; never sideways, never up,
 * never through an index.ts. Type imports count. The structures are the lower of the two grounds: they import
 * nothing, and the core may rest on them.
 */
import { posix } from 'node:path';

const GROUNDS = ['structures', 'core'];
const TOP_ROOMS = ['presets', 'testing'];

/** The one file through which each runtime dependency comes in. */
export const DEPENDENCY_DOORS: Readonly<Record<string, string>> = {
  'p-limit': 'core/gate.ts',
  'lru-cache': 'core/bounded-map.ts',
  debug: 'telemetry/debug.ts',
};

/** What only Node runs: subpaths of their own, and the files behind them; they may import node modules. */
export const NODE_ONLY: readonly string[] = [
  'discovery/directory.ts',
  'discovery/dns.ts',
  'discovery/watched-file.ts',
];

/** 4 the door, 3 presets and testing, 2 the rooms, 1 the core, 0 the structures. */
function floorOf(room: string): number {
  if (room === '') return 4;
  if (TOP_ROOMS.includes(room)) return 3;
  const ground = GROUNDS.indexOf(room);
  return ground === -1 ? 2 : ground;
}

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : '';
}

export function importsOf(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\//g, '');
  const found = code.matchAll(
    /(?:^|[\s;])(?:import|export)\s[^'";]*?from\s*'([^']+)'|import\s*\(?\s*'([^']+)'/g,
  );
  return [...found].map(([, from, bare]) => from ?? bare ?? '');
}

/** What breaks the law, in words. `files` maps a path below `src` to its text. */
export function violations(files: ReadonlyMap<string, string>): string[] {
  const broken: string[] = [];
  for (const [file, source] of files) {
    for (const specifier of importsOf(source)) {
      const fault = faultOf(file, specifier);
      if (fault !== undefined) broken.push(`${file} imports ${specifier}: ${fault}`);
    }
  }
  return broken;
}

function faultOf(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('node:') && NODE_ONLY.includes(file)) return undefined;
    return DEPENDENCY_DOORS[specifier] === file ? undefined : 'not through its one door';
  }
  const target = posix.join(posix.dirname(file), specifier);
  const [from, to] = [roomOf(file), roomOf(target)];
  if (posix.basename(target) === 'index.ts') return 'through a door';
  if (!target.endsWith('.ts')) return 'not a file';
  if (NODE_ONLY.includes(target) && !NODE_ONLY.includes(file)) return 'to what only Node runs';
  if (from === to) return undefined;
  // testing may try out the presets' and the rooms' parts; the two top rooms do not know each other.
  if (floorOf(to) === floorOf(from)) return 'sideways';
  return floorOf(to) > floorOf(from) ? 'up' : undefined;
}

/** Files that import each other in a circle, type imports counted. */
export function circles(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      found.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const specifier of importsOf(files.get(file) ?? '')) {
      if (specifier.startsWith('.')) visit(posix.join(posix.dirname(file), specifier), [...path, file]);
    }
    state.set(file, 'done');
  };
  for (const file of files.keys()) visit(file, []);
  return found;
}
