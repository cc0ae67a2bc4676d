/** A quorum read of two of three instant replicas, against Promise.all of the same three. */
import { quorumRead } from 'evenkeel';
import { measure, report, row } from '../harness.mjs';

const replicas = [1, 2, 3];
const read = async (replica) => ({ version: replica });
const newest = (a, b) => a.version - b.version;

const us = await measure({
  all: async () => {
    const replies = await Promise.all(replicas.map((replica) => read(replica)));
    return replies.reduce((best, reply) => (newest(reply, best) > 0 ? reply : best));
  },
  quorum: () => quorumRead({ replicas, required: 2, read, newest }),
});
report([
  row(
    'quorum read 2 of 3, against Promise.all of three',
    us.quorum / us.all,
    1.7,
    'ratio',
    `${us.quorum.toFixed(2)} against ${us.all.toFixed(2)} µs`,
  ),
]);
