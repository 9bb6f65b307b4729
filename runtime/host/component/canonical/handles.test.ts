/** Handles in the calls that they are passed in, of the host's resources and of the component's own. */
import { describe, expect, it } from 'vitest';
import type { FunctionType, ResourceType, ValueType } from '../../../component/value-types.ts';
import { liftParams, liftResult, lowerParams, lowerResult } from './functions.ts';
import { TestGuest } from './testing/guest.ts';

const STREAM = 'wasi:io/streams@0.2/input-stream';
const COUNTER = 'own/resource 1';
const stream: ResourceType = { from: 'wasi:io/streams@0.2', name: 'input-stream' };
const counter: ResourceType = { from: undefined, name: 'resource 1' };
const own = (resource: ResourceType): ValueType => ({ kind: 'own', resource });
const borrow = (resource: ResourceType): ValueType => ({ kind: 'borrow', resource });
const func = (params: readonly ValueType[], result?: ValueType): FunctionType => ({
  params: params.map((type, index) => [`p${index}`, type]),
  result,
});

describe('a resource of the host', () => {
  it('is an object for the host and a handle for the guest', () => {
    const { context, handles } = new TestGuest();
    const one = { resource: STREAM };
    const handle = lowerResult(func([], own(stream)), one, [], context);
    expect(handle).toBe(1);
    for (let times = 0; times < 2; times++) {
      expect(liftParams(func([borrow(stream)]), [1], context)).toEqual([one]);
      handles.commit();
    }
    expect(liftParams(func([own(stream)]), [1], context)[0]).toBe(one);
    handles.commit();
    expect(() => liftParams(func([borrow(stream)]), [1], context)).toThrow(
      `parameter p0: handle 1 is none: it must be one of ${STREAM}`,
    );
  });

  it('given away by a call that waits is there when it is made again', () => {
    const { context, handles } = new TestGuest();
    const one = { resource: STREAM };
    handles.add(STREAM, one, 'own');
    const type = func([own(stream)], own(stream));
    for (let times = 0; times < 3; times++) {
      expect(liftParams(type, [1], context)[0]).toBe(one);
      handles.rollback();
    }
    expect(liftParams(type, [1], context)[0]).toBe(one);
    handles.commit();
    expect(lowerResult(type, { resource: STREAM }, [], context)).toBe(1);
  });

  it('is given away once, and not with what borrows it', () => {
    const { context, handles } = new TestGuest();
    handles.add(STREAM, { resource: STREAM }, 'own');
    expect(() => liftParams(func([own(stream), own(stream)]), [1, 1], context)).toThrow(
      `parameter p1: handle 1 of ${STREAM} was given away by the same call`,
    );
    handles.rollback();
    expect(() => liftParams(func([own(stream), borrow(stream)]), [1, 1], context)).toThrow(
      `parameter p1: handle 1 of ${STREAM} was given away by the same call`,
    );
    handles.rollback();
    expect(() => liftParams(func([borrow(stream), own(stream)]), [1, 1], context)).toThrow(
      `parameter p1: handle 1 of ${STREAM} is lent by the same call: it cannot be given away`,
    );
  });

  it('is in lists, in records and in options, in memory', () => {
    const guest = new TestGuest();
    const [first, second] = [{ resource: STREAM }, { resource: STREAM }];
    const record: ValueType = { kind: 'record', fields: [['a', own(stream)], ['b', { kind: 'option', some: own(stream) }]] }; // prettier-ignore
    const values = [{ a: first, b: undefined }, { a: second, b: first }]; // prettier-ignore
    const type = func([], { kind: 'list', element: record });
    expect(lowerResult(type, values, [64], guest.context)).toBeUndefined();
    const lifted = liftResult(type, [64], guest.context) as typeof values; // of the type
    expect(lifted).toEqual(values);
    expect(lifted[1]?.b).toBe(first);
    guest.handles.commit();
    expect(guest.handles.add(STREAM, first, 'own')).toBe(3);
  });

  it('that the guest was lent for a call goes with it', () => {
    const { context, handles } = new TestGuest();
    const type = func([borrow(stream)]);
    const [handle] = lowerParams(type, [{ resource: STREAM }], context);
    expect(() => liftParams(func([own(stream)]), [handle ?? 0], context)).toThrow(
      `parameter p0: handle 1 of ${STREAM} is borrowed: it cannot be given away`,
    );
    expect(liftParams(func([borrow(stream)]), [handle ?? 0], context)).toEqual([{ resource: STREAM }]);
    expect(() => liftResult(type, [], context)).toThrow('the component has kept 1 borrowed handles');
    handles.drop(1, STREAM);
    expect(liftResult(type, [], context)).toBeUndefined();
  });
});

describe('a resource of the component', () => {
  it('is its representation for it, and an object for the host', () => {
    const { context, handles } = new TestGuest();
    handles.add(COUNTER, 1234, 'own');
    const lifted = liftResult(func([], own(counter)), [1], context);
    expect(lifted).toEqual({ resource: COUNTER, rep: 1234 });
    handles.commit();
    expect(() => handles.get(1, COUNTER)).toThrow('handle 1 is none');
    expect(lowerParams(func([borrow(counter)]), [lifted], context)).toEqual([1234]);
    expect(() => handles.get(1, COUNTER)).toThrow('handle 1 is none');
    expect(lowerParams(func([own(counter)]), [lifted], context)).toEqual([1]);
    expect(handles.get(1, COUNTER)).toBe(1234);
  });

  it('is no other of its resources', () => {
    const { context, handles } = new TestGuest();
    handles.add('own/resource 2', 1, 'own');
    expect(() => liftResult(func([], own(counter)), [1], context)).toThrow(
      `the result: handle 1 is one of own/resource 2; it must be one of ${COUNTER}`,
    );
  });
});
