import type { Wasi2Resource } from './resources.ts';

/** The resource that another one refers to. */
export function referred(resource: Wasi2Resource): Wasi2Resource | undefined {
  if (resource.kind === 'stream') return resource.stream;
  if (resource.kind === 'future') return resource.future;
  return 'body' in resource && !(resource.body instanceof Uint8Array) ? resource.body : undefined;
}
