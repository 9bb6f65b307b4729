/** Keys and values, blobs. */
import type { HostCallsOf } from './call-types.ts';
import { fail } from './error-codes.ts';
import { LIST_MAX } from './limits.ts';

/** Keys are not empty: an empty cursor stands before the first one. */
const keyOf = (key: string): string => (key === '' ? fail('INVALID') : key);
const pageLength = (limit: number): number => (limit >= 1 && limit <= LIST_MAX ? limit : fail('INVALID'));
const found = (isFound: boolean): undefined => (isFound ? undefined : fail('NOT_FOUND'));

export const STORAGE_CALLS = {
  kv_get: ({ kv, registers }, key) => registers.setBytes(kv.get(keyOf(key)) ?? fail('NOT_FOUND')),
  kv_set: ({ kv }, key, value) => kv.set(keyOf(key), value),
  kv_delete: ({ kv }, key) => found(kv.delete(keyOf(key))),
  kv_list: ({ kv, registers }, prefix, cursor, limit) => registers.setJson(kv.page(prefix, cursor, pageLength(limit))),
  kv_begin: ({ kv }) => kv.begin(),
  kv_commit: ({ kv }) => kv.commit(),
  kv_rollback: ({ kv }) => kv.rollback(),
  blob_write: ({ blobs }, name, offset, data) => blobs.write(name, offset, data),
  blob_read: ({ blobs }, name, offset, buffer) => blobs.read(name, offset, buffer) ?? fail('NOT_FOUND'),
  blob_size: ({ blobs }, name) => blobs.sizeBytes(name) ?? fail('NOT_FOUND'),
  blob_delete: ({ blobs }, name) => found(blobs.delete(name)),
  blob_list: ({ blobs, registers }, prefix, cursor, limit) =>
    registers.setJson(blobs.page(prefix, cursor, pageLength(limit))),
} as const satisfies HostCallsOf<
  | 'kv_get'
  | 'kv_set'
  | 'kv_delete'
  | 'kv_list'
  | 'kv_begin'
  | 'kv_commit'
  | 'kv_rollback'
  | 'blob_write'
  | 'blob_read'
  | 'blob_size'
  | 'blob_delete'
  | 'blob_list'
>;
