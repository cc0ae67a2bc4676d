/**
 * Five independent Redis servers as one register that is right: two are killed, one is paused, one comes back empty,
 * while four clients write and read; then their history is checked.
 *
 *   npm run build && node scripts/run.mjs examples/redis-register/main.ts
 */
import { redisIsInstalled } from './servers.ts';
import { trouble } from './trouble.ts';

if (!redisIsInstalled()) {
  console.log('skipped: redis-server is not installed');
} else {
  const { operations, unknown, verdict, outOfOrder, copied } = await trouble(4, (line) => console.log(line));
  console.log(`${operations} operations, ${unknown} of unknown outcome, ${copied} keys copied`);
  console.log(`the history is ${verdict === 'linearizable' ? '' : 'NOT '}linearizable (${verdict})`);
  if (verdict !== 'linearizable' || outOfOrder > 0) process.exitCode = 1;
}
