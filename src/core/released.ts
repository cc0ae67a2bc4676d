/** A promise that frees something when it settles, before its caller hears of it. */

/**
 * The same promise, after `release`. Not by a plain `then()`: its reaction would have to throw a failure again, which
 * costs V8 0.4 µs in each layer.
 */
export function released<S>(work: Promise<S>, release: () => void): Promise<S> {
  return new Promise((resolve, reject) => {
    work.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
}
