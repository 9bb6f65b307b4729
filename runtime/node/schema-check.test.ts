import { describe, expect, it } from 'vitest';
import { parseQuery } from './query.ts';
import { checkValue, type Schema } from './schema-check.ts';
import { MODULE_QUERY, OUTCOME } from './schemas.ts';

const POINT: Schema = {
  type: 'object',
  required: ['x'],
  properties: {
    x: { type: 'integer', minimum: 0, maximum: 9 },
    tags: { type: 'array', items: { type: 'string', pattern: '^[a-z]+$', maxLength: 3 }, maxItems: 2 },
    mode: { enum: ['a', 'b'] },
    rest: { type: 'object', additionalProperties: { type: 'boolean' } },
  },
};

describe('checkValue', () => {
  it.each([
    ['all fields', { x: 1, tags: ['ab'], mode: 'b', rest: { q: true } }],
    ['the required field', { x: 0 }],
  ])('takes %s', (_, value) => {
    expect(() => checkValue(POINT, value, 'body')).not.toThrow();
  });

  it.each([
    [{}, 'body.x: is missing'],
    [{ x: 1, y: 2 }, 'body.y: is not a field here; known are x, tags, mode, rest'],
    [{ x: 1.5 }, 'body.x: found number 1.5, must be integer'],
    [{ x: 10 }, 'body.x: found 10, must be at most 9'],
    [{ x: -1 }, 'body.x: found -1, must be at least 0'],
    [{ x: 1, tags: ['ab', 'cd', 'ef'] }, 'body.tags: has 3 items, at most 2'],
    [{ x: 1, tags: ['A'] }, 'body.tags[0]: found "A", must match ^[a-z]+$'],
    [{ x: 1, tags: ['abcd'] }, 'body.tags[0]: has 4 characters, at most 3'],
    [{ x: 1, mode: 'c' }, 'body.mode: found "c", must be one of "a", "b"'],
    [{ x: 1, rest: { q: 1 } }, 'body.rest.q: found number 1, must be boolean'],
    [
      JSON.parse('{"x":1,"__proto__":{}}') as unknown,
      'body.__proto__: is not a field here; known are x, tags, mode, rest',
    ],
    [null, 'body: found null null, must be object'],
    [[], 'body: found array [], must be object'],
  ])('refuses %j and says where', (value, message) => {
    expect(() => checkValue(POINT, value, 'body')).toThrowError(
      expect.objectContaining({ code: 'REQUEST_INVALID', message }),
    );
  });

  it('takes one of several forms', () => {
    expect(() => checkValue(OUTCOME, { kind: 'exited', code: 3 }, 'outcome')).not.toThrow();
    expect(() => checkValue(OUTCOME, { kind: 'exited' }, 'outcome')).toThrowError(/fits none of 5 forms/);
  });
});

describe('parseQuery', () => {
  it('reads values by the types of the schema', () => {
    const search = new URLSearchParams('name=pi&arg=1&arg=2&start=false&wallClockMs=50');
    expect(parseQuery(MODULE_QUERY, search)).toEqual({ name: 'pi', arg: ['1', '2'], start: false, wallClockMs: 50 });
  });

  it.each(['nope=1', 'name=a&name=b', 'name=Upper', 'wallClockMs=soon', 'start=maybe', '__proto__=1'])(
    'refuses %s',
    (text) => {
      expect(() => parseQuery(MODULE_QUERY, new URLSearchParams(text))).toThrowError(
        expect.objectContaining({ code: 'REQUEST_INVALID' }),
      );
    },
  );
});
