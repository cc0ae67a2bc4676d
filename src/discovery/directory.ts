/**
 * A directory under watch. Files are replaced rather than written: editors rename a new one into place, and
 * Kubernetes swaps a link beside the ConfigMap's files. A watch on the file would go on watching the old one.
 */
import { type FSWatcher, watch } from 'node:fs';
import type { Reporter } from '../core/observer.ts';
import { reasonOf } from './errors.ts';

export class Directory {
  readonly #path: string;
  readonly #changed: () => void;
  readonly #reporter: Reporter;
  #watcher: FSWatcher | undefined = undefined;

  constructor(path: string, changed: () => void, reporter: Reporter) {
    this.#path = path;
    this.#changed = changed;
    this.#reporter = reporter;
  }

  /** Watches, if it does not yet. Where that is not possible, who uses it has to look by himself. */
  begin(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(this.#path, { persistent: false }, this.#changed).on('error', (error) => {
        this.#tell(error);
        this.end();
      });
    } catch (error) {
      this.#tell(error);
    }
  }

  end(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #tell(error: unknown): void {
    if (this.#reporter.on) this.#reporter.tell('watch-failed', { reason: reasonOf(error) });
  }
}
