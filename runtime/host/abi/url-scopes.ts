/**
 * Scopes of `http.outbound`: which URLs a worker may ask for.
 *
 * Boundary: names only. Where a name leads is for whoever connects to check.
 */

/** What a server may take for a separator or a step up although the URL parser does not. */
const DISGUISED = /%2f|%5c|%00/i;

interface UrlScope {
  readonly protocol: string;
  /** Host with port; `wild`: hosts that end with it, and have something before. */
  readonly host: string;
  readonly wild: boolean;
  readonly path: string;
}

function parseScope(scope: string): UrlScope | undefined {
  const wild = /^https?:\/\/\*\./.test(scope);
  const url = parseHttpUrl(wild ? scope.replace('*.', '') : scope);
  if (url === undefined || url.search !== '' || url.hash !== '' || /[*?#]/.test(scope.slice(wild ? 10 : 0)))
    return undefined;
  return { protocol: url.protocol, host: wild ? `.${url.host}` : url.host, wild, path: url.pathname };
}

/** An absolute URL of http or https without user and password. */
export function parseHttpUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return url.username === '' && url.password === '' ? url : undefined;
}

export const isUrlScope = (scope: string): boolean => scope === '*' || parseScope(scope) !== undefined;

/** Whether the scope covers the URL: same scheme, host and port, and a path that begins with the scope's, up to a `/`. */
export function coversUrl(scope: string, text: string): boolean {
  const url = parseHttpUrl(text);
  if (url === undefined) return false;
  if (scope === '*') return true;
  const allowed = parseScope(scope);
  if (allowed === undefined || allowed.protocol !== url.protocol) return false;
  if (
    allowed.wild
      ? !url.host.endsWith(allowed.host) || url.host.length === allowed.host.length
      : url.host !== allowed.host
  )
    return false;
  return coversPath(allowed.path, url.pathname);
}

function coversPath(prefix: string, path: string): boolean {
  if (prefix === '/') return true;
  if (DISGUISED.test(path)) return false;
  return path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}
