/** The port for chance: a number from 0 up to, but not including, 1 (law 3). */
export type Random = () => number;

/** The platform's generator, looked up at each call so that a fake is seen. */
export const systemRandom: Random = () => Math.random();
