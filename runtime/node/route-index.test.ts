import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RouteIndex, routeScopes } from './route-index.ts';

const ownerOf = (index: RouteIndex, host: string, path: string, method = 'GET'): string | undefined =>
  index.match(host, method, path)?.worker;

describe('RouteIndex', () => {
  it('prefers a named host, then the longest path, then the one without a star', () => {
    const index = new RouteIndex();
    index.claim('any', [{ path: '/*' }]);
    index.claim('deep', [{ path: '/a/b/*' }]);
    index.claim('exact', [{ path: '/a/b/' }]);
    index.claim('shop', [{ host: 'shop.example', path: '/*' }]);
    expect(ownerOf(index, 'x', '/')).toBe('any');
    expect(ownerOf(index, 'x', '/a/b')).toBe('any');
    expect(ownerOf(index, 'x', '/a/b/')).toBe('exact');
    expect(ownerOf(index, 'x', '/a/b/c')).toBe('deep');
    expect(ownerOf(index, 'shop.example', '/a/b/c')).toBe('shop');
  });

  it('tells methods apart', () => {
    const index = new RouteIndex();
    index.claim('reader', [{ path: '/things', methods: ['GET', 'HEAD'] }]);
    index.claim('writer', [{ path: '/things', methods: ['POST'] }]);
    expect(ownerOf(index, '', '/things')).toBe('reader');
    expect(ownerOf(index, '', '/things', 'POST')).toBe('writer');
    expect(ownerOf(index, '', '/things', 'DELETE')).toBeUndefined();
    expect(() => index.claim('late', [{ path: '/free' }, { path: '/things' }])).toThrow(
      expect.objectContaining({ code: 'ROUTE_TAKEN', details: { route: '*/things', worker: 'reader' } }),
    );
    expect(ownerOf(index, '', '/free')).toBeUndefined();
  });

  it('gives routes of a worker that moved away to one that wants them, and never the reverse', () => {
    const index = new RouteIndex();
    index.claim('a', [{ path: '/*' }]);
    index.moved('a', [{ path: '/*' }], 'http://other');
    expect(index.match('', 'GET', '/x')).toMatchObject({ worker: 'a', moved: { ingress: 'http://other' } });
    index.claim('b', [{ path: '/*' }]);
    expect(index.match('', 'GET', '/x')).toMatchObject({ worker: 'b', moved: undefined });
    index.moved('c', [{ path: '/*' }, { path: '/c' }], null);
    expect(ownerOf(index, '', '/x')).toBe('b');
    expect(ownerOf(index, '', '/c')).toBe('c');
  });

  it('finds what a search through all routes finds, after any changes', () => {
    const path = fc.constantFrom('/', '/*', '/a', '/a*', '/a/*', '/a/b', '/a/b*', '/b/*');
    const route = fc.record({ path, host: fc.constantFrom(undefined, 'h') });
    const step = fc.record({ worker: fc.constantFrom('u', 'v', 'w'), routes: fc.array(route, { maxLength: 4 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const index = new RouteIndex();
        const model = new Map<string, { host: string | undefined; path: string }[]>();
        for (const { worker, routes } of steps) {
          const others = [...model].flatMap(([name, list]) => (name === worker ? [] : list));
          const taken = routes.some((one) => others.some((two) => one.host === two.host && one.path === two.path));
          const given = routes.map(({ host, path: at }) => (host === undefined ? { path: at } : { host, path: at }));
          if (taken) expect(() => index.claim(worker, given)).toThrow();
          else {
            index.claim(worker, given);
            model.set(worker, routes);
          }
        }
        for (const host of ['h', 'other']) {
          for (const asked of ['/', '/a', '/a/', '/ab', '/a/b', '/a/bc', '/b', '/b/x']) {
            const found = [...model]
              .flatMap(([worker, list]) => list.map((one) => ({ ...one, worker })))
              .filter((one) => one.host === undefined || one.host === host)
              .filter((one) => (one.path.endsWith('*') ? asked.startsWith(one.path.slice(0, -1)) : asked === one.path))
              .map((one) => ({
                ...one,
                rank: (one.host ? 1000 : 0) + one.path.replace('*', '').length * 2 + (one.path.endsWith('*') ? 0 : 1),
              }))
              .sort((a, b) => b.rank - a.rank)[0];
            expect(ownerOf(index, host, asked)).toBe(found?.worker);
          }
        }
      }),
    );
  });

  it('asks for rights by host and path', () => {
    expect(routeScopes([{ path: '/a*' }, { host: 'shop.example', path: '/' }])).toEqual(['*/a*', 'shop.example/']);
  });
});
