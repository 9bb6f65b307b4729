/**
 * Which worker a request of the ingress is for.
 *
 * A route that names a host goes before one that does not; then the longest path wins; of two of the same length the one without `*`.
 *
 * Invariants:
 * 1. No two workers have routes of the same host and path whose methods overlap.
 * 2. Routes of a worker that has moved away are kept only as long as no worker here wants them.
 */
import type { Route } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';

/** Where a route leads: to a worker of this node, or to the ingress of the node that it moved to (null: it has none). */
export interface RouteOwner {
  readonly worker: string;
  readonly moved: { readonly ingress: string | null } | undefined;
}

export interface RouteMatch extends RouteOwner {
  readonly route: Route;
}

interface HostRoutes {
  readonly exact: Map<string, RouteMatch[]>;
  readonly prefixes: Map<string, RouteMatch[]>;
  /** Lengths of prefixes that there are, longest first. */
  lengths: readonly number[];
}

const ANY_HOST = '';

export class RouteIndex {
  readonly #hosts = new Map<string, HostRoutes>();
  readonly #routes = new Map<string, readonly Route[]>();

  /**
   * Gives a worker its routes, in place of those that it had.
   * @throws PluvioError `ROUTE_TAKEN`, and changes nothing
   */
  claim(worker: string, routes: readonly Route[]): void {
    if (routes.length === 0) return this.drop(worker);
    this.check(worker, routes);
    this.drop(worker);
    for (const route of routes) {
      const gone = this.#at(route).filter((entry) => entry.moved && overlap(entry.route, route));
      for (const { worker: mover } of gone) this.drop(mover);
    }
    this.#put({ worker, moved: undefined }, routes);
  }

  /** @throws PluvioError `ROUTE_TAKEN` */
  check(worker: string, routes: readonly Route[]): void {
    for (const route of routes) {
      const other = this.#at(route).find(
        (entry) => !entry.moved && entry.worker !== worker && overlap(entry.route, route),
      );
      if (other === undefined) continue;
      const text = routeText(route);
      throw new PluvioError('ROUTE_TAKEN', `route ${text} of worker "${worker}" is that of worker "${other.worker}"`, {
        route: text,
        worker: other.worker,
      });
    }
  }

  /** A worker has moved away: its routes lead to its new node. */
  moved(worker: string, routes: readonly Route[], ingress: string | null): void {
    this.drop(worker);
    const free = routes.filter((route) => !this.#at(route).some((entry) => overlap(entry.route, route)));
    this.#put({ worker, moved: { ingress } }, free);
  }

  #put(owner: RouteOwner, routes: readonly Route[]): void {
    if (routes.length === 0) return;
    this.#routes.set(owner.worker, routes);
    for (const route of routes) {
      const host = this.#host(route.host ?? ANY_HOST);
      const [map, path] = placeOf(host, route);
      map.set(path, [...(map.get(path) ?? []), { ...owner, route }]);
      host.lengths = lengthsOf(host);
    }
  }

  drop(worker: string): void {
    const routes = this.#routes.get(worker);
    if (routes === undefined) return;
    this.#routes.delete(worker);
    for (const route of routes) {
      const name = route.host ?? ANY_HOST;
      const host = this.#host(name);
      const [map, path] = placeOf(host, route);
      const rest = (map.get(path) ?? []).filter((entry) => entry.worker !== worker);
      if (rest.length > 0) map.set(path, rest);
      else map.delete(path);
      host.lengths = lengthsOf(host);
      if (host.exact.size + host.prefixes.size === 0) this.#hosts.delete(name);
    }
  }

  /** @param host Host name of the request, without port, in lower case. */
  match(host: string, method: string, path: string): RouteMatch | undefined {
    const takes = ({ route: { methods } }: RouteMatch): boolean => methods === undefined || methods.includes(method);
    for (const name of host === ANY_HOST ? [ANY_HOST] : [host, ANY_HOST]) {
      const routes = this.#hosts.get(name);
      if (routes === undefined) continue;
      const exact = routes.exact.get(path)?.find(takes);
      if (exact) return exact;
      for (const length of routes.lengths) {
        if (length > path.length) continue;
        const found = routes.prefixes.get(path.slice(0, length))?.find(takes);
        if (found) return found;
      }
    }
    return undefined;
  }

  #host(name: string): HostRoutes {
    let host = this.#hosts.get(name);
    if (host === undefined) {
      host = { exact: new Map(), prefixes: new Map(), lengths: [] };
      this.#hosts.set(name, host);
    }
    return host;
  }

  #at(route: Route): readonly RouteMatch[] {
    const host = this.#hosts.get(route.host ?? ANY_HOST);
    if (host === undefined) return [];
    const [map, path] = placeOf(host, route);
    return map.get(path) ?? [];
  }
}

function placeOf(host: HostRoutes, { path }: Route): readonly [Map<string, RouteMatch[]>, string] {
  return path.endsWith('*') ? [host.prefixes, path.slice(0, -1)] : [host.exact, path];
}

const lengthsOf = ({ prefixes }: HostRoutes): readonly number[] =>
  [...new Set([...prefixes.keys()].map(({ length }) => length))].sort((a, b) => b - a);

function overlap(a: Route, b: Route): boolean {
  if (a.methods === undefined || b.methods === undefined) return true;
  return a.methods.some((method) => b.methods?.includes(method));
}

const routeText = ({ host = '*', path, methods }: Route): string =>
  `${methods === undefined ? '' : `${methods.join(',')} `}${host}${path}`;

/** The scopes of `http.inbound` that routes ask for: host and path as they are written, `*` for any host. */
export const routeScopes = (routes: readonly Route[]): readonly string[] =>
  routes.map(({ host = '*', path }) => `${host}${path}`);
