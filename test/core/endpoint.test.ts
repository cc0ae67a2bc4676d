import { endpoint, isOptionError } from 'evenkeel';
import { describe, expect, it } from 'vitest';
import { labelOf, toEndpoint, toEndpoints } from '../../src/core/endpoint.ts';

describe('an endpoint', () => {
  it('is its address, with nothing more said', () => {
    expect(endpoint('a')).toMatchObject({
      address: 'a',
      id: 'a',
      weight: 1,
      zone: undefined,
      priority: 0,
      labels: {},
    });
  });

  it('is known by its id where one is given, else by the address, an object by reference', () => {
    const client = { host: 'a' };
    expect(endpoint(client).id).toBe(client);
    expect(endpoint(client, { id: 0 }).id).toBe(0);
    expect(endpoint(client, { id: '' }).id).toBe('');
  });

  it.each([0, -1, Number.NaN, Infinity])('refuses a weight of %d', (weight) => {
    expect(() => endpoint('a', { weight })).toThrow(/endpoint: weight must be a number above 0/);
  });

  it.each([-1, Number.NaN])('refuses a priority of %d', (priority) => {
    expect(() => endpoint('a', { priority })).toThrow(/endpoint: priority must be/);
  });

  it('stays itself where a bare address becomes one', () => {
    const one = endpoint({ host: 'a' }, { weight: 2 });
    expect(toEndpoint(one)).toBe(one);
    const lookalike = { address: 'x', id: 'x', weight: 5 };
    expect(toEndpoint<unknown>(lookalike)).toMatchObject({ address: lookalike, weight: 1 });
    expect(toEndpoint(null)).toMatchObject({ address: null });
  });
});

describe('a list of endpoints', () => {
  it('may mix bare addresses and endpoints', () => {
    const list = toEndpoints('where', 'what', ['a', endpoint('b', { weight: 3 })]);
    expect(list.map(({ id, weight }) => [id, weight])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  it.each([
    ['an empty one', []],
    ['none', undefined as never],
    ['a text', 'ab' as never],
    ['one with an address twice', ['a', 'b', 'a']],
    ['one with an id twice', ['a', endpoint('b', { id: 'a' })]],
    ['one with NaN twice', [Number.NaN, Number.NaN]],
  ])('is not %s', (_, list: readonly unknown[]) => {
    try {
      toEndpoints('where', 'what', list);
      expect.unreachable();
    } catch (error) {
      expect(isOptionError(error)).toBe(true);
      expect(String(error)).toMatch(/where: what must be a list/);
    }
  });

  it('may hold objects that are equal but not the same', () => {
    expect(toEndpoints('where', 'what', [{ port: 1 }, { port: 1 }])).toHaveLength(2);
  });
});

describe('the label of an address in events', () => {
  it.each([
    ['10.0.0.1:80', '10.0.0.1:80'],
    [7, '7'],
    ['http://user:secret@a.test/x', 'http://a.test/x'],
    ['redis://user:se@cret@a.test', 'redis://a.test'],
    ['http://a.test/~me@home', 'http://a.test/~me@home'],
    ['http://a.test?to=me@home', 'http://a.test?to=me@home'],
    [new URL('http://user:secret@a.test/'), 'http://a.test/'],
    [Symbol('a'), 'Symbol(a)'],
    [null, 'null'],
    ['', 'an endpoint'],
    [{ secret: 's' }, 'an endpoint'],
    [Object.create(null), 'an endpoint'],
    [() => 'secret', 'an endpoint'],
  ])('%s', (address, label) => {
    expect(labelOf(address)).toBe(label);
  });
});
