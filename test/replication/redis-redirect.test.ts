import { redisRedirect } from 'evenkeel/replication';
import { expect, it } from 'vitest';

const says = (message: unknown) =>
  redisRedirect({ status: 'rejected', reason: { message } }, '10.0.0.1:6379');

it.each([
  ['MOVED 3999 127.0.0.1:6381', { to: '127.0.0.1:6381' }],
  ['MOVED 3999 redis-2.example:6381', { to: 'redis-2.example:6381' }],
  ['MOVED 3999 2001:db8::1:6381', { to: '2001:db8::1:6381' }],
  // Redis 7, cluster-preferred-endpoint-type unknown-endpoint: the host that was asked.
  ['MOVED 3999 :6381', { to: '10.0.0.1:6381' }],
  ['MOVED 3999 ?', {}],
  ["READONLY You can't write against a read only replica.", {}],
  ['CLUSTERDOWN Hash slot not served', {}],
  ['ASK 3999 127.0.0.1:6381', undefined],
  ['TRYAGAIN Multiple keys request during rehashing of slot', undefined],
  ['MOVEDON', undefined],
  ['ERR MOVED 3999 127.0.0.1:6381', undefined],
  [undefined, undefined],
])('%s', (message, redirect) => {
  expect(says(message)).toEqual(redirect);
});

it('sees nothing in a success, nor in an error that is none', () => {
  expect(redisRedirect({ status: 'fulfilled', value: 'MOVED 1 a:1' }, 'a:1')).toBeUndefined();
  expect(redisRedirect({ status: 'rejected', reason: undefined }, 'a:1')).toBeUndefined();
});
