/** Quorum reads and a register over three instant replicas, against Promise.all of the same three. */
import { compareTags, hedgedFanOut, quorumRead, quorumRegister } from 'evenkeel';
import { measure, report, row } from '../harness.mjs';

const replicas = [1, 2, 3];
const read = async (replica) => ({ version: replica });
const newest = (a, b) => a.version - b.version;

const register = quorumRegister({
  replicas: replicas.map(() => new Map()),
  read: async (rows, key) => rows.get(key),
  write: async (rows, key, versioned) => {
    const row = rows.get(key);
    if (row === undefined || compareTags(versioned.tag, row.tag) > 0) rows.set(key, versioned);
  },
  consistency: 'linearizable',
});
const fanOut = hedgedFanOut();

const byHand = async () => {
  const replies = await Promise.all(replicas.map((replica) => read(replica)));
  return replies.reduce((best, reply) => (newest(reply, best) > 0 ? reply : best));
};
const quorum = () => quorumRead({ replicas, required: 2, read, newest });

// By itself first, as in a service that does only this.
const us = await measure({ byHand, quorum });
await register.write('k', 'v');
const also = await measure({
  byHand,
  quorum,
  hedged: () => quorumRead({ replicas, required: 2, read, newest, fanOut }),
  read: () => register.read('k'),
  write: () => register.write('k', 'v'),
});
const note = (figure, hand) => `${figure.toFixed(2)} against ${hand.toFixed(2)} µs`;
const beside = (what, figure) => row(what, figure - also.byHand, undefined, 'µs', note(figure, also.byHand));
report([
  row(
    'quorum read 2 of 3, against Promise.all of three',
    us.quorum / us.byHand,
    1.7,
    'ratio',
    note(us.quorum, us.byHand),
  ),
  row('the same, over it', us.quorum - us.byHand, 3, 'µs'),
  row('the same, beside the others', also.quorum - also.byHand, 3, 'µs', note(also.quorum, also.byHand)),
  beside('hedged quorum read, two asked', also.hedged),
  beside('register read, fast path', also.read),
  beside('register write, two rounds', also.write),
]);
