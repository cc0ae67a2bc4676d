import { describe, expect, it } from 'vitest';
import { watchedFile } from '../../src/discovery/watched-file.ts';
import { readEndpointFile } from '../../src/discovery/endpoint-file.ts';
import { readAnswer } from '../../src/discovery/answer.ts';

const read = (content: unknown) => readEndpointFile(JSON.stringify(content));

describe('a file of endpoints', () => {
  it('is a list of addresses, and of objects that say more', () => {
    const full = { address: 'b', id: 'B', weight: 2, zone: 'z', priority: 1, labels: { rack: '7' } };
    const { endpoints } = readAnswer(
      'test',
      read(['a', full, { address: 'c', id: 3, comment: 'ignored' }]),
      9,
    );
    expect(endpoints).toMatchObject([
      { address: 'a', id: 'a', weight: 1, priority: 0 },
      full,
      { address: 'c', id: 3 },
    ]);
  });

  it('may begin with a byte order mark', () => expect(readEndpointFile('\uFEFF[]')).toEqual([]));

  it.each(['', '{', '["a"'])('is an error while it is half written: %j', (text) => {
    expect(() => readEndpointFile(text)).toThrow(SyntaxError);
  });

  it('is what it is when it is no list', () => expect(read({ a: 1 })).toEqual({ a: 1 }));

  it.each([
    [7, /entry 1: address must be an address, got 7/],
    ['', /entry 1: address must be/],
    [null, /entry 1: address must be/],
    [['b'], /entry 1: address must be/],
    [{}, /entry 1: address must be an address, got undefined/],
    [{ address: { host: 'b' } }, /entry 1: address must be/],
    [{ address: 'b', id: true }, /entry 1: id must be a string or a number/],
    [{ address: 'b', weight: '2' }, /entry 1: weight must be a number above 0/],
    [{ address: 'b', weight: 0 }, /weight must be a number above 0/],
    [{ address: 'b', zone: 7 }, /entry 1: zone must be a string/],
    [{ address: 'b', priority: -1 }, /priority must be/],
    [{ address: 'b', labels: ['x'] }, /entry 1: labels must be an object of strings/],
    [{ address: 'b', labels: { x: 1 } }, /entry 1: labels must be/],
    [{ address: 'b', labels: null }, /entry 1: labels must be/],
  ])('is wrong as a whole when an entry is: %j', (entry, message) => {
    expect(() => read(['a', entry])).toThrow(message);
  });
});

describe('the options of watchedFile', () => {
  it.each([
    [{ path: '' }, /watchedFile: path must be a text that is not empty/],
    [{ path: 7 }, /watchedFile: path must be/],
    [{ path: 'x', intervalMs: 0 }, /watchedFile: intervalMs must be/],
  ])('refuse %j', (options, message) => {
    expect(() => watchedFile(options as never)).toThrow(message);
  });
});
