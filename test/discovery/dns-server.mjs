/**
 * A name server for tests, as a process of its own: UDP, A, AAAA and SRV records, controlled by messages.
 *
 *   { records: { 'api.test': { A: [{ ttl, address }], AAAA: […], SRV: [{ ttl, priority, weight, port, target }] } } }
 *   { rcode: 0 }       what every answer says: 2 is SERVFAIL
 *   { drop: 0 }        how many of the next queries get no answer; null for all of them
 *   { deaf: 'AAAA' }   which type gets no answer
 *
 * Each message may hold any of these, and is answered with `{ done: id }`; each query is told as `{ query }`.
 */
import { createSocket } from 'node:dgram';

const TYPES = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const NXDOMAIN = 3;

const state = { records: {}, rcode: 0, drop: 0, deaf: '' };
const socket = createSocket('udp4');

process.on('message', ({ id, drop, ...change }) => {
  // Infinity is not in what messages can hold.
  Object.assign(state, change, drop === undefined ? {} : { drop: drop ?? Infinity });
  process.send({ done: id });
});
// The test has ended, well or not.
process.on('disconnect', () => process.exit());

socket.on('message', (query, from) => {
  const { name, type, end } = questionOf(query);
  process.send({ query: `${TYPES[type] ?? type} ${name}` });
  if (TYPES[type] === state.deaf) return;
  if (state.drop > 0) {
    state.drop--;
    return;
  }
  const host = state.records[name];
  const records = (state.rcode === 0 && host?.[TYPES[type]]) || [];
  const header = Buffer.alloc(12);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  // An answer, authoritative, with recursion as it was asked for; and how it went.
  const rcode = state.rcode === 0 && host === undefined ? NXDOMAIN : state.rcode;
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100) | rcode, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const answers = records.map((record) => answerOf(type, record));
  socket.send(Buffer.concat([header, query.subarray(12, end), ...answers]), from.port, from.address);
});

socket.bind(0, '127.0.0.1', () => process.send({ port: socket.address().port }));

function questionOf(query) {
  const labels = [];
  let at = 12;
  for (let length = query[at]; length > 0; length = query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  // Resolvers mix upper and lower case, so that answers cannot be guessed.
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerOf(type, record) {
  const data = dataOf(type, record);
  const head = Buffer.alloc(12);
  // The name is that of the question, at byte 12.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(record.ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function dataOf(type, record) {
  if (TYPES[type] === 'A') return Buffer.from(record.address.split('.').map(Number));
  if (TYPES[type] === 'AAAA') return sixteenBytes(record.address);
  const head = Buffer.alloc(6);
  head.writeUInt16BE(record.priority, 0);
  head.writeUInt16BE(record.weight, 2);
  head.writeUInt16BE(record.port, 4);
  const labels = record.target.split('.').map((label) => Buffer.from(`\0${label}`, 'latin1'));
  for (const label of labels) label[0] = label.length - 1;
  return Buffer.concat([head, ...labels, Buffer.from([0])]);
}

function sixteenBytes(address) {
  const [head = '', tail = ''] = address.split('::');
  const wordsOf = (text) => (text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [wordsOf(head), wordsOf(tail)];
  const words = [...before, ...new Array(8 - before.length - after.length).fill(0), ...after];
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 255]));
}
