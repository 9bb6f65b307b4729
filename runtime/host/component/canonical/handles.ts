/** Codecs of handles. */
import { type ResourceType, resourceKey, type ValueType } from '../../../component/value-types.ts';
import type { Resource } from '../component-host.ts';
import { type Codec, HOST_BYTES, misfitOf, nextI32 } from './codec.ts';
import type { CanonicalContext } from './context.ts';

/** A resource that the component defines, for who got it from an export. */
export interface GuestResource extends Resource {
  /** As the component knows it. */
  readonly rep: number;
}

const guestResource = (resource: string, rep: number): GuestResource => ({ resource, rep });

interface Crossing {
  readonly lift: (handle: number, context: CanonicalContext) => Resource;
  readonly lower: (value: Resource, context: CanonicalContext) => number;
}

function crossingOf(kind: 'own' | 'borrow', { from }: ResourceType, key: string): Crossing {
  const lifted = (value: Resource | number): Resource =>
    typeof value === 'number' ? guestResource(key, value) : value;
  const lift: Crossing['lift'] =
    kind === 'own'
      ? (handle, { handles }) => lifted(handles.take(handle, key))
      : (handle, { handles }) => lifted(handles.lend(handle, key));
  if (from !== undefined) return { lift, lower: (value, { handles }) => handles.add(key, value, kind) };
  const repOf = (value: Resource): number => (value as GuestResource).rep; // of that key
  const lower: Crossing['lower'] = (value, { handles }) => handles.add(key, repOf(value), kind);
  if (kind === 'own') return { lift, lower };
  // Who defines a resource borrows its representation, not a handle of it.
  return { lift, lower: (value, context) => (context.isKept ? lower(value, context) : repOf(value)) };
}

export function handleCodec(type: ValueType & { readonly kind: 'own' | 'borrow' }): Codec {
  const key = resourceKey(type.resource);
  const isOfGuest = type.resource.from === undefined;
  const { lift, lower } = crossingOf(type.kind, type.resource, key);
  const isResource = (value: unknown): value is Resource =>
    typeof value === 'object' &&
    value !== null &&
    'resource' in value &&
    value.resource === key &&
    (!isOfGuest || ('rep' in value && Number.isInteger(value.rep)));
  return {
    flat: ['i32'],
    sizeBytes: 4,
    align: 4,
    hostBytes: isOfGuest ? HOST_BYTES.object + 2 * HOST_BYTES.slot : HOST_BYTES.slot,
    check: (value) => (isResource(value) ? undefined : misfitOf(value, type)),
    lift: (source, context) => lift(nextI32(source), context),
    lower: (value, flat, context) => void flat.push(lower(value as Resource, context)), // was checked, as below
    load: (at, context) => lift(context.view.getInt32(at, true), context),
    store: (value, at, context) => {
      const handle = lower(value as Resource, context);
      context.view.setInt32(at, handle, true);
    },
  };
}
