/**
 * Two different numbers from 0 up to `count`, each pair as likely as any other, from one random number: of the
 * count × (count − 1) ordered pairs it names one.
 */
export function drawTwo(count: number, chance: number): readonly [first: number, second: number] {
  const others = count - 1;
  const pair = Math.floor(chance * count * others);
  const first = Math.floor(pair / others);
  const second = pair % others;
  return [first, second >= first ? second + 1 : second];
}
