/** Headers: what they may be, and the resource that holds them (RFC 9110, section 5). */
import { isHeaderName, isHeaderValue } from '../../abi/http-data.ts';
import type { Wasi2Context } from '../context.ts';
import { done, err, ok, type Outcome } from '../outcome.ts';
import { adopt, offer } from '../resources.ts';
import type { HeaderList } from './http-port.ts';
import { FIELDS, type Fields } from './http-resources.ts';

type HeaderError = { readonly tag: 'invalid-syntax' | 'forbidden' | 'immutable' };
type Entries = Fields['entries'];

const HEADERS_MAX = 1000;
/** Names and values of all of them. */
const FIELDS_MAX_BYTES = 65_536;
/** Of a connection, which the host has. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Bytes of a field value are characters of ISO 8859-1. */
const textOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const entriesOf = (headers: HeaderList): Entries => headers.map(([name, value]) => [name, bytesOf(value)]);
export const headersOf = (entries: Entries): HeaderList => entries.map(([name, value]) => [name, textOf(value)]);

const fields = (entries: Entries, immutable: boolean): Fields => ({
  resource: FIELDS,
  kind: 'fields',
  entries,
  immutable,
});

export const fieldsOf = (wasi: Wasi2Context, entries: Entries, immutable: boolean): Fields =>
  adopt(wasi, fields(entries, immutable));

const isNamed = (name: string): ((entry: Entries[number]) => boolean) => {
  const wanted = name.toLowerCase();
  return ([own]) => own.toLowerCase() === wanted;
};

function without(entries: Entries, name: string): Entries {
  const isIt = isNamed(name); // made once: a name may be long
  return entries.filter((entry) => !isIt(entry));
}

/** What is wrong with a field; undefined: nothing. */
function faultOf(name: string, values: readonly Uint8Array[]): HeaderError | undefined {
  if (!isHeaderName(name) || !values.every((value) => isHeaderValue(textOf(value)))) return { tag: 'invalid-syntax' };
  return FORBIDDEN.has(name.toLowerCase()) ? { tag: 'forbidden' } : undefined;
}

/** Whether there are not too many of them; they may still be more than there is room for. */
const areFew = (entries: Entries): boolean =>
  entries.length <= HEADERS_MAX &&
  entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0) <= FIELDS_MAX_BYTES;

/** Changes the fields, if they may be changed in that way, and there is room for it. */
function change(
  { holdings }: Wasi2Context,
  self: Fields,
  name: string,
  values: readonly Uint8Array[],
  next: () => Entries,
): Outcome<never, HeaderError> {
  if (self.immutable) return err({ tag: 'immutable' });
  const [before, entries] = [self.entries, next()];
  if (values.length > 0 && !areFew(entries)) return err({ tag: 'invalid-syntax' });
  const fault = faultOf(name, values);
  if (fault !== undefined) return err(fault);
  const set = (to: Entries) => (): void => void (self.entries = to);
  return holdings.change(self, set(entries), set(before)) ? done : err({ tag: 'invalid-syntax' });
}

function fromList(wasi: Wasi2Context, entries: Entries): Outcome<Fields, HeaderError> {
  if (!areFew(entries)) return err({ tag: 'invalid-syntax' });
  const fault = entries.map(([name, value]) => faultOf(name, [value])).find((each) => each !== undefined);
  if (fault !== undefined) return err(fault);
  const made = offer(wasi, fields(entries, false));
  return made === undefined ? err({ tag: 'invalid-syntax' }) : ok(made);
}

export const FIELD_FUNCTIONS = (wasi: Wasi2Context) => ({
  '[constructor]fields': () => fieldsOf(wasi, [], false),
  '[static]fields.from-list': (entries: Entries) => fromList(wasi, entries),
  '[method]fields.get': ({ entries }: Fields, name: string) => entries.filter(isNamed(name)).map(([, value]) => value),
  '[method]fields.has': ({ entries }: Fields, name: string) => entries.some(isNamed(name)),
  '[method]fields.set': (self: Fields, name: string, values: readonly Uint8Array[]) =>
    change(wasi, self, name, values, () => [
      ...without(self.entries, name),
      ...values.map((value) => [name, value] as const),
    ]),
  '[method]fields.delete': (self: Fields, name: string) =>
    change(wasi, self, name, [], () => without(self.entries, name)),
  '[method]fields.append': (self: Fields, name: string, value: Uint8Array) =>
    change(wasi, self, name, [value], () => [...self.entries, [name, value]]),
  '[method]fields.entries': ({ entries }: Fields) => entries,
  '[method]fields.clone': ({ entries }: Fields) => fieldsOf(wasi, entries, false),
});
