/**
 * A file as a source, for Node: read again as soon as it changes.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { Reporter } from '../core/observer.ts';
import { checkText } from '../core/options.ts';
import { Directory } from './directory.ts';
import { readEndpointFile } from './endpoint-file.ts';
import { Pace, type PaceOptions } from './pace.ts';
import { Poll } from './poll.ts';
import { SharedSource, type Told } from './shared-source.ts';
import { type DiscoverySource, type SourceOptions, sourceOf } from './source.ts';

/** What happens in the directory of the file is let come to rest before it is read: a write is several events. */
const SETTLE_MS = 50;

export interface WatchedFileOptions extends SourceOptions, PaceOptions {
  /**
   * A JSON file: a list of addresses, or of objects with `address` and, if you like, `id`, `weight`, `zone`,
   * `priority`, `labels`.
   */
  readonly path: string;
}

/**
 * A source that follows a file of endpoints.
 *
 * Its directory is watched, so a file that is renamed into place, and a Kubernetes ConfigMap, are seen too; and every
 * `intervalMs` it is read whatever happens, because not every file system tells of changes. A file that is missing,
 * empty, half written or wrong in any entry changes nothing: the last good one stays, and it is read again with
 * backoff. For a list that many processes share over a network, ask or watch whoever writes it.
 *
 * @throws `OptionError` at construction for an option out of its range
 * @example
 * ```ts
 * import { mkdtemp, writeFile } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { watchedFile } from 'evenkeel/file';
 * const path = join(await mkdtemp(join(tmpdir(), 'endpoints-')), 'endpoints.json');
 * await writeFile(path, '["10.0.0.11", { "address": "10.0.0.12", "weight": 2 }]');
 * using source = watchedFile({ path });
 * const weights = await new Promise<string>((resolve) => {
 *   source.follow({
 *     found: (endpoints) => resolve(endpoints.map(({ weight }) => weight).join()),
 *     failed: () => {},
 *     lost: () => {},
 *   });
 * });
 * if (weights !== '1,2') throw new Error(weights);
 * ```
 */
export function watchedFile(options: WatchedFileOptions): DiscoverySource<string> {
  const path = checkText('watchedFile', 'path', options.path);
  const pace = new Pace('watchedFile', options);
  const clock = options.clock ?? systemClock;
  const reporter = new Reporter('discovery', options);
  const work = (told: Told): (() => void) => {
    const directory = new Directory(dirname(path), () => poll.hurry(SETTLE_MS), reporter);
    const read = async (signal: AbortSignal): Promise<unknown> => {
      // Before it is read: what changes in between is seen.
      directory.begin();
      try {
        return readEndpointFile(await readFile(path, { encoding: 'utf8', signal }));
      } catch (error) {
        // Its directory may have been replaced as well, and the watch be on the old one.
        directory.end();
        if (!signal.aborted) directory.begin();
        throw error;
      }
    };
    const ask = async ({ signal }: { signal: AbortSignal }) => ({
      list: await read(signal),
      nextMs: pace.nextMs(),
    });
    const poll = new Poll({ ask, timeoutMs: pace.timeoutMs, backoff: pace.backoff, clock }, told);
    poll.begin();
    return () => {
      poll.end();
      directory.end();
    };
  };
  return sourceOf(new SharedSource<string>('watchedFile', options, work));
}
