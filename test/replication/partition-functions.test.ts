/** The partition functions against the vectors of the systems they are taken from. */
import * as fc from 'fast-check';
import { kafkaPartition, redisSlot, rendezvousPartition } from 'evenkeel/replication';
import { describe, expect, it } from 'vitest';
import { crc16 } from '../../src/structures/crc16.ts';
import { murmur2 } from '../../src/structures/murmur2.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('redisSlot', () => {
  it('rests on the CRC16 of XMODEM', () => {
    expect(crc16(bytes('123456789'))).toBe(0x31c3);
    expect(crc16(bytes(''))).toBe(0);
    expect(crc16(bytes('x123456789x'), 1, 10)).toBe(0x31c3);
  });

  it.each([
    ['foo', 12_182],
    ['123456789', 0x31c3 % 16_384],
    ['user1000', 3443],
    ['{user1000}.following', 3443],
    ['{user1000}.followers', 3443],
    // The examples of the specification: the tag ends at the first }, and an empty one does not count.
    ['foo{bar}{zap}', redisSlot('bar')],
    ['foo{{bar}}zap', redisSlot('{bar')],
    ['', 0],
  ])('%s is in slot %i', (key, slot) => {
    expect(redisSlot(key)).toBe(slot);
    expect(redisSlot(bytes(key))).toBe(slot);
  });

  it.each(['foo{}{bar}', 'foo{', 'foo}', '}foo{', 'foo{bar'])('takes all of %s', (key) => {
    expect(redisSlot(key)).toBe(crc16(bytes(key)) % 16_384);
  });

  it('takes text as its UTF-8, and a view as what it shows', () => {
    expect(redisSlot('ключ😀')).toBe(crc16(bytes('ключ😀')) % 16_384);
    const whole = bytes('xxfooxx');
    expect(redisSlot(whole.subarray(2, 5))).toBe(12_182);
  });
});

describe('kafkaPartition', () => {
  it.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('murmur2 of %s is %i', (key, hash) => {
    expect(murmur2(bytes(key))).toBe(hash);
    // Java: Utils.toPositive(hash) % partitions; 2³¹ taken off a negative number is its sign bit dropped.
    expect(kafkaPartition(key, 1000)).toBe((hash < 0 ? hash + 2 ** 31 : hash) % 1000);
  });

  it('is always one of them', () => {
    const any = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(any, fc.integer({ min: 1, max: 4096 }), (key, partitions) => {
        const partition = kafkaPartition(key, partitions);
        return Number.isInteger(partition) && partition >= 0 && partition < partitions;
      }),
    );
  });
});

describe('rendezvousPartition', () => {
  const names = ['north', 'south', 'east', 'west'];

  it('does not depend on the order of the list', () => {
    fc.assert(
      fc.property(fc.string(), fc.shuffledSubarray(names, { minLength: 4 }), (key, shuffled) => {
        expect(rendezvousPartition(key, shuffled)).toBe(rendezvousPartition(key, names));
      }),
    );
  });

  it('moves only the keys of the partition that went', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...names), (key, gone) => {
        const before = rendezvousPartition(key, names);
        fc.pre(before !== gone);
        const rest = names.filter((name) => name !== gone);
        expect(rendezvousPartition(key, rest)).toBe(before);
      }),
    );
  });

  it('answers with numbers where it is given numbers', () => {
    expect(rendezvousPartition('a', [7])).toBe(7);
  });

  it('uses every partition', () => {
    const used = new Set(Array.from({ length: 200 }, (_, n) => rendezvousPartition(`k${n}`, names)));
    expect([...used].sort()).toEqual([...names].sort());
  });
});

it.each([
  ['a key that is none', () => redisSlot(42 as never), 'key'],
  ['a key that is none', () => kafkaPartition(undefined as never, 3), 'key'],
  ['no partitions', () => kafkaPartition('a', 0), 'partitions'],
  ['half a partition', () => kafkaPartition('a', 1.5), 'partitions'],
  ['NaN partitions', () => kafkaPartition('a', Number.NaN), 'partitions'],
  ['endless partitions', () => kafkaPartition('a', Infinity), 'partitions'],
  ['an empty list', () => rendezvousPartition('a', []), 'partitions'],
])('refuses %s', (_, call, option) => {
  expect(call).toThrow(expect.objectContaining({ code: 'EVENKEEL_OPTION', option }));
});
