/** What resources count: about what each takes of the host's memory, by itself. */
import type { HeaderList, HttpAnswer, HttpRequestHead } from './http/http-port.ts';
import type { Fields } from './http/http-resources.ts';
import type { Wasi2Resource } from './resources.ts';

/** Of any resource: its object, and where it is listed. */
export const RESOURCE_BYTES = 512;
/** Of a header field beside its text: a pair of objects, and an array of bytes has 200 of its own. */
const FIELD_BYTES = 384;
/** Of a unit of text. */
const UNIT_BYTES = 2;

const textBytes = (...texts: readonly (string | undefined)[]): number =>
  texts.reduce((sum, text) => sum + UNIT_BYTES * (text?.length ?? 0), 0);

export const entriesBytes = (entries: Fields['entries']): number =>
  entries.reduce((sum, [name, value]) => sum + FIELD_BYTES + textBytes(name) + value.length, 0);

const headersBytes = (headers: HeaderList): number =>
  headers.reduce((sum, [name, value]) => sum + FIELD_BYTES + textBytes(name, value), 0);

const requestBytes = ({ method, url, headers }: HttpRequestHead): number =>
  textBytes(method, url) + headersBytes(headers);

function answerBytes(answer: HttpAnswer | undefined): number {
  if (answer === undefined) return 0;
  return answer.ok ? headersBytes(answer.head.headers) + answer.body.length : textBytes(answer.message);
}

function ownBytes(resource: Wasi2Resource): number {
  switch (resource.kind) {
    case 'fields':
      return entriesBytes(resource.entries);
    case 'incoming request':
      return requestBytes(resource);
    case 'incoming response':
      return headersBytes(resource.headers) + resource.body.length;
    case 'incoming body':
    case 'body input':
      return resource.source === 'request' ? 0 : resource.source.length;
    case 'outgoing body':
      return resource.held.sizeBytes;
    case 'outgoing request': {
      const { method, path, scheme, authority, headers } = resource;
      return textBytes(method, path, scheme, authority) + entriesBytes(headers);
    }
    case 'outgoing response':
      return entriesBytes(resource.headers);
    case 'future response':
      return requestBytes(resource.request) + resource.reservedBytes + answerBytes(resource.answer);
    default:
      return 0;
  }
}

export const heldBytesOf = (resource: Wasi2Resource): number => RESOURCE_BYTES + ownBytes(resource);
