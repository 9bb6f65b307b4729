/**
 * What answers a component's imports: functions that take and give values of the component model, and the resources that they make.
 *
 * Boundary: types. What is between these functions and core WebAssembly, the canonical ABI and the table of handles, is beside this file.
 */

/**
 * A value of the component model:
 *
 *     bool                        boolean                 record             object, fields in camelCase
 *     u8 … u32, s8 … s32, f32/64  number                  tuple              array
 *     u64, s64                    bigint                  enum               string, the label
 *     char, string                string                  flags              object, a boolean for each label in camelCase
 *     list<u8>                    Uint8Array of its own   variant            { tag, val }; `val` is left out where the case has none
 *     other lists                 array                   result             { tag: 'ok' | 'err', val }, also as the result of a function
 *     own, borrow of a resource   the Resource            option             the value or undefined; of an option { tag: 'some', val }
 */
export type ComponentValue =
  | boolean
  | number
  | bigint
  | string
  | undefined
  | Uint8Array
  | Resource
  | readonly ComponentValue[]
  | { readonly [field: string]: ComponentValue };

/**
 * A function of the host. May return `pending(promise, { again: true, wake, state })`: it is called again with the same arguments when the
 * promise has settled, after a stop, and after a restore; it must not take an `own` then. May throw `GuestExit` to end the guest, and a
 * `WebAssembly.RuntimeError` to trap it.
 */
export type ComponentFunction = (...args: never[]) => unknown;

/** Something of the host that a component has handles of. Its identity is the object. */
export interface Resource {
  /** Interface and name, `wasi:io/streams@0.2/input-stream`. */
  readonly resource: string;
}

/** A set of interfaces with resources and state, which belong to the snapshot. */
export interface ComponentHost {
  /** Key of its state in a snapshot. */
  readonly name: string;
  /** By interface without the last part of its version (`wasi:io/streams@0.2`) and by name (`[method]input-stream.read`). */
  readonly interfaces: Readonly<Record<string, Readonly<Record<string, ComponentFunction>>>>;
  /**
   * What the types of these functions are, as `functionSignature` writes them. A component that imports one with another type is refused. Left out:
   * functions are called with values of whatever types the component declares.
   */
  readonly types?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Arguments of an export that this host calls, and nobody gives any: undefined where it does not. */
  argumentsOf?(exportName: string): readonly unknown[] | undefined;
  /** Its state as plain data for MessagePack, with these resources and all that they refer to. */
  snapshot(resources: readonly Resource[]): unknown;
  /** As that of `HostModule`. */
  readonly stableBytes?: boolean;
  /**
   * Takes up such a state; gives the resources in the order in which they were given.
   * @throws PluvioError `SNAPSHOT_MISMATCH`, `SNAPSHOT_MALFORMED`, naming the field
   */
  restore(state: unknown): readonly Resource[];
  /** The guest has given up its handle. */
  drop(resource: Resource): void;
  /** The guest has given it away, to a function of this host or to who called it. */
  taken?(resource: Resource): void;
  /** The worker was closed: release streams and timers. */
  close(): void;
}
