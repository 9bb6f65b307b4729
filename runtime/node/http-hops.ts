/** Headers of HTTP that concern one connection, or the nodes between client and worker: they are not passed on. */
import { isHeaderName, isHeaderValue } from '../host/abi/http-data.ts';

/** How many nodes have passed a request on. */
export const HOPS_HEADER = 'pluvio-hops';
/** Key of a request in the journal of its worker, for the node that takes it up after a move. */
export const REQUEST_KEY_HEADER = 'pluvio-request-key';

/** RFC 9110, section 7.6.1, and those that older proxies use. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Said by the ingress itself. */
const OURS = /^(x-forwarded-.*|forwarded|x-real-ip|pluvio-.*|expect)$/;

export type HeaderPairs = readonly (readonly [name: string, value: string])[];

const namedBy = (connection: string | undefined): ReadonlySet<string> =>
  new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()));

/** Headers of a request as the worker or the next node gets them. */
export function requestHeaders(headers: Headers): HeaderPairs {
  const named = namedBy(headers.get('connection') ?? undefined);
  return [...headers].filter(([name]) => !HOP_BY_HOP.has(name) && !named.has(name) && !OURS.test(name));
}

/** Headers of an answer as the client gets them; the length is counted anew. */
export function answerHeaders(pairs: HeaderPairs): Headers {
  const named = namedBy(pairs.find(([name]) => name.toLowerCase() === 'connection')?.[1]);
  const headers = new Headers();
  for (const [given, value] of pairs) {
    const name = given.toLowerCase();
    if (HOP_BY_HOP.has(name) || named.has(name) || name === 'content-length') continue;
    if (isHeaderName(name) && isHeaderValue(value)) headers.append(name, value);
  }
  return headers;
}
