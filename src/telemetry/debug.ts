/**
 * Writes evenkeel's events through the `debug` package: `DEBUG=evenkeel:*` for all, `DEBUG=evenkeel:retry` for
 * one room. Importing this file switches it on, which needs no change of code:
 *
 * ```sh
 * DEBUG=evenkeel:* node --import evenkeel/debug app.js
 * ```
 *
 * @module
 */
import createDebug, { type Debugger } from 'debug';
import { observe, type ObserverEvent } from '../core/observer.ts';

const writers = new Map<string, Debugger>();

function write(event: ObserverEvent): void {
  const { room, type, name, ...facts } = event;
  let writer = writers.get(room);
  if (writer === undefined) {
    writer = createDebug(`evenkeel:${room}`);
    writers.set(room, writer);
  }
  if (writer.enabled) writer('%s%s %O', name === undefined ? '' : `${name}: `, type, facts);
}

/** Stops the writing. */
export const stop: () => void = observe(write);
