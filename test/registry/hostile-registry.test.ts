import type { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PluvioError } from '../../runtime/errors/index.ts';
import { generateKeyPair } from '../../runtime/bundle/index.ts';
import { pullBundle, pushBundle, type RegistryAccess, SIGNATURE_TYPE } from '../../runtime/bundle/registry/index.ts';
import { openRegistryFetch } from '../../runtime/node/registry/index.ts';
import { digestOfBytes, type Intercept, type LocalRegistry, sendJson } from './local-registry.ts';
import { at, bundleOf, codecs, largestOf, NO_PAUSE, openRegistry } from './open-registry.ts';

/** What a pull or push ends with. */
async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error: unknown) => (error instanceof PluvioError ? error.code : `uncoded: ${String(error)}`),
  );
}

/** Writes the same again and again, as long as somebody reads. */
function flood(stream: Writable, piece: Uint8Array | string): void {
  const more = (error?: Error | null): void => {
    if (!error && !stream.destroyed) stream.write(piece, more);
  };
  more();
}

const LIMITS = { attempts: 2, headMs: 300, stallMs: 300, documentBytes: 4096 };

const pull = (registry: LocalRegistry, access: RegistryAccess = {}): Promise<unknown> =>
  pullBundle(at(registry), { codecs, limits: LIMITS, ...NO_PAUSE, ...access });

/** A registry with a bundle, that has begun to misbehave. */
async function turned(intercept: (largest: string, host: string) => Intercept): Promise<LocalRegistry> {
  const registry = await openRegistry();
  const bundle = await bundleOf([3000], { sign: await generateKeyPair() });
  await pushBundle(bundle, at(registry), { codecs });
  registry.intercept(intercept(largestOf(bundle), registry.host));
  return registry;
}

const isBlob = (method: string, url: string): boolean => method === 'GET' && url.includes('/blobs/');
const isTag = (method: string, url: string): boolean => method === 'GET' && url.endsWith('/manifests/1');

describe('a pull from a registry that lies', () => {
  const ROWS: readonly [what: string, code: string, intercept: (largest: string, host: string) => Intercept][] = [
    [
      'other bytes of the same size',
      'BUNDLE_DIGEST',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200).end(Buffer.alloc(3000));
        return true;
      },
    ],
    [
      'fewer bytes',
      'BUNDLE_DIGEST',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200).end(Buffer.alloc(10));
        return true;
      },
    ],
    [
      'one byte more',
      'BUNDLE_LIMIT',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200).end(Buffer.alloc(3001));
        return true;
      },
    ],
    [
      'a blob without end',
      'BUNDLE_LIMIT',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200);
        flood(response, Buffer.alloc(1000));
        return true;
      },
    ],
    [
      'a manifest without end',
      'BUNDLE_LIMIT',
      () => (seen, _, response) => {
        if (!isTag(seen.method, seen.url)) return false;
        response.writeHead(200);
        flood(response, Buffer.alloc(65_536));
        return true;
      },
    ],
    [
      'a blob that ends in the middle, each time',
      'REGISTRY_UNREACHABLE',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200, { 'content-length': 3000 });
        response.write(Buffer.alloc(10), () => response.destroy());
        return true;
      },
    ],
    [
      'a blob that falls silent',
      'REGISTRY_UNREACHABLE',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        response.writeHead(200, { 'content-length': 3000 });
        response.write(Buffer.alloc(10));
        return true;
      },
    ],
    ['no answer', 'REGISTRY_UNREACHABLE', () => (seen) => isBlob(seen.method, seen.url)],
    [
      'what is no HTTP',
      'REGISTRY_UNREACHABLE',
      () => (seen, request) => {
        if (isBlob(seen.method, seen.url)) request.socket.end('SSH-2.0-x\r\n\r\n');
        return isBlob(seen.method, seen.url);
      },
    ],
    [
      'a head without end',
      'REGISTRY_UNREACHABLE',
      () => (seen, request) => {
        if (!isBlob(seen.method, seen.url)) return false;
        request.socket.write('HTTP/1.1 200 OK\r\n');
        flood(request.socket, 'x: y\r\n'.repeat(1000));
        return true;
      },
    ],
    [
      'a manifest that is not the one of its digest',
      'BUNDLE_DIGEST',
      () => (seen, _, response) => {
        if (!isTag(seen.method, seen.url)) return false;
        response.writeHead(200, { 'docker-content-digest': digestOfBytes(Buffer.alloc(1)) }).end('{}');
        return true;
      },
    ],
    [
      'a manifest that is none',
      'BUNDLE_MALFORMED',
      () => (seen, _, response) => {
        if (!isTag(seen.method, seen.url)) return false;
        response.writeHead(200).end('<html>');
        return true;
      },
    ],
    [
      'a referrers list that is none',
      'BUNDLE_MALFORMED',
      () => (seen, _, response) => {
        if (!seen.url.includes('/referrers/')) return false;
        sendJson(response, 200, { manifests: 7 });
        return true;
      },
    ],
    [
      'a referrers list without end',
      'BUNDLE_LIMIT',
      () => (seen, _, response) => {
        if (!seen.url.includes('/referrers/')) return false;
        response.writeHead(200);
        flood(response, Buffer.alloc(1000, ' '));
        return true;
      },
    ],
    [
      'a signature of something else',
      'BUNDLE_SIGNATURE',
      () => (seen, _, response) => {
        const text = `${'A'.repeat(43)}.${'A'.repeat(86)}`;
        const forged = JSON.stringify({ annotations: { 'vnd.pluvio.signature.ed25519': text } });
        const digest = digestOfBytes(Buffer.from(forged));
        if (seen.url.includes('/referrers/'))
          sendJson(response, 200, { manifests: [{ digest, artifactType: SIGNATURE_TYPE }] });
        else if (seen.url.includes(digest)) response.writeHead(200).end(forged);
        else return false;
        return true;
      },
    ],
    [
      'redirects in a circle',
      'REGISTRY_FAILED',
      () => (seen, _, response) => {
        if (!isBlob(seen.method, seen.url)) return false;
        response.writeHead(307, { location: seen.url }).end();
        return true;
      },
    ],
    [
      'a redirect to nowhere',
      'REGISTRY_FAILED',
      () => (seen, _, response) => {
        if (!isBlob(seen.method, seen.url)) return false;
        response.writeHead(302).end();
        return true;
      },
    ],
    [
      'a redirect to a file',
      'REGISTRY_FAILED',
      () => (seen, _, response) => {
        if (!isBlob(seen.method, seen.url)) return false;
        response.writeHead(302, { location: 'file:///etc/passwd' }).end();
        return true;
      },
    ],
    [
      'another range than was asked for',
      'REGISTRY_FAILED',
      (largest) => (seen, _, response) => {
        if (!seen.url.includes(largest)) return false;
        if (seen.range === undefined) {
          response.writeHead(200, { 'content-length': 3000 });
          response.write(Buffer.alloc(10), () => response.destroy());
        } else response.writeHead(206, { 'content-range': 'bytes 0-2999/3000' }).end(Buffer.alloc(3000));
        return true;
      },
    ],
    [
      'a challenge of no known kind',
      'REGISTRY_FAILED',
      () => (_seen, _, response) => {
        response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end();
        return true;
      },
    ],
    [
      'a token service that gives none',
      'REGISTRY_FAILED',
      (_, host) => (seen, _request, response) => {
        if (seen.url.startsWith('/t?')) sendJson(response, 200, { token: 'two words' });
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/t"` }).end();
        return true;
      },
    ],
    [
      'a token service without end',
      'BUNDLE_LIMIT',
      (_, host) => (seen, _request, response) => {
        if (seen.url.startsWith('/t?')) {
          response.writeHead(200);
          flood(response, Buffer.alloc(1000, ' '));
        } else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/t"` }).end();
        return true;
      },
    ],
    [
      'a token that is never good enough',
      'REGISTRY_DENIED',
      (_, host) => (seen, _request, response) => {
        if (seen.url.startsWith('/t?')) sendJson(response, 200, { access_token: 'x' });
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${host}/t"` }).end();
        return true;
      },
    ],
    [
      'a token service that is no address',
      'REGISTRY_FAILED',
      () => (_seen, _, response) => {
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="file:///x"' }).end();
        return true;
      },
    ],
    [
      'a refusal',
      'REGISTRY_DENIED',
      () => (_seen, _, response) => {
        sendJson(response, 403, { errors: [{ code: 'DENIED', message: 'no\u001b[2J\nway' }] });
        return true;
      },
    ],
    [
      'a status that nobody knows',
      'REGISTRY_FAILED',
      () => (_seen, _, response) => {
        response.writeHead(418).end();
        return true;
      },
    ],
  ];

  it.each(ROWS)('%s ends with %s', async (_, code, intercept) => {
    const registry = await turned(intercept);
    expect(await codeOf(pull(registry))).toBe(code);
    expect(registry.seen.length).toBeLessThan(60);
  });
});

it('the words of a registry are shown on one line, without control characters', async () => {
  const registry = await turned(() => (_seen, _, response) => {
    sendJson(response, 403, { errors: [{ code: 'DENIED', message: `no\u001b[2J\nway${'!'.repeat(1000)}` }] });
    return true;
  });
  const error = await pull(registry).catch((thrown: unknown) => thrown as PluvioError);
  expect(error).toMatchObject({ code: 'REGISTRY_DENIED' });
  expect((error as PluvioError).message).toMatch(/^[^\p{C}]{60,400}$/u);
});

describe('a push to a registry that lies', () => {
  const push = async (intercept: Intercept): Promise<string> => {
    const registry = await openRegistry();
    registry.intercept(intercept);
    const bundle = await bundleOf([3000]);
    const limits = { ...LIMITS, chunkBytes: 1000 };
    const code = await codeOf(pushBundle(bundle, at(registry), { codecs, limits, ...NO_PAUSE }));
    expect(registry.seen.length).toBeLessThan(100);
    return code;
  };
  const ROWS: readonly [what: string, code: string, intercept: Intercept][] = [
    [
      'an upload without a place',
      'REGISTRY_FAILED',
      ({ method }, _, response) => method === 'POST' && response.writeHead(202).end() !== undefined,
    ],
    [
      'a blob that is there unasked',
      'REGISTRY_FAILED',
      ({ method }, _, response) => method === 'POST' && response.writeHead(201).end() !== undefined,
    ],
    [
      'an upload that never has what was sent',
      'REGISTRY_FAILED',
      ({ method }, _, response) => method === 'PATCH' && response.writeHead(416).end() !== undefined,
    ],
    [
      'an upload that is never known',
      'REGISTRY_NOT_FOUND',
      ({ method }, _, response) => method === 'PATCH' && response.writeHead(404).end() !== undefined,
    ],
    [
      'pieces that are never taken',
      'REGISTRY_UNREACHABLE',
      ({ method }, request) => method === 'PATCH' && request.socket.destroy() !== undefined,
    ],
    [
      'more bytes than there are',
      'REGISTRY_UNREACHABLE',
      ({ method, url }, request, response) => {
        if (method === 'PATCH') return request.socket.destroy() !== undefined;
        if (method !== 'GET' || !url.includes('/uploads/')) return false;
        response.writeHead(204, { range: '0-99999999' }).end();
        return true;
      },
    ],
    [
      'another digest',
      'REGISTRY_FAILED',
      ({ method, url }, request, response) => {
        if (method !== 'PUT' || !url.includes('/uploads/')) return false;
        request.resume();
        response.writeHead(201, { 'docker-content-digest': digestOfBytes(Buffer.alloc(1)) }).end();
        return true;
      },
    ],
    [
      'a redirect of what is written',
      'REGISTRY_FAILED',
      ({ method }, _, response) => method === 'PUT' && response.writeHead(307, { location: '/' }).end() !== undefined,
    ],
  ];
  it.each(ROWS)('%s ends with %s', async (_, code, intercept) => {
    expect(await push(intercept)).toBe(code);
  });
});

describe('addresses', () => {
  const leadTo =
    (place: (host: string) => string) =>
    (_: string, host: string): Intercept =>
    ({ method, url }, _request, response) => {
      if (!isBlob(method, url)) return false;
      response.writeHead(307, { location: place(host) }).end();
      return true;
    };

  it.each([
    ['a private one', () => 'http://10.0.0.1/x'],
    ['one of this machine', (host: string) => `http://127.0.0.2:${host.split(':')[1]}/x`],
    ['where clouds keep their secrets', () => 'http://169.254.169.254/latest'],
    ['a name of this machine', (host: string) => `http://localhost:${host.split(':')[1]}/x`],
    ['IPv6 of this machine', () => 'http://[::1]/x'],
    ['a mapped one', () => 'http://[::ffff:10.0.0.1]/x'],
    ['another port', () => 'http://127.0.0.1:1/x'],
  ])('a redirect to %s is refused', async (_, place) => {
    const registry = await turned(leadTo(place));
    const { fetch, close } = openRegistryFetch({ trusted: `http://${registry.host}` });
    expect(await codeOf(pull(registry, { fetch }))).toBe('REGISTRY_REFUSED');
    await close();
  });

  it('a redirect to one that is allowed is followed, without what authorises', async () => {
    const store = await openRegistry();
    const registry = await openRegistry({ auth: { kind: 'basic', user: 'ann', password: 'secret' } });
    const credentials = (): Promise<{ kind: 'password'; user: string; password: string }> =>
      Promise.resolve({ kind: 'password', user: 'ann', password: 'secret' });
    const bundle = await bundleOf([3000]);
    await pushBundle(bundle, at(registry), { codecs, credentials });
    await pushBundle(bundle, at(store), { codecs });
    registry.intercept(({ method, url }, _, response) => {
      if (!isBlob(method, url)) return false;
      response.writeHead(307, { location: `http://${store.host}${url}` }).end();
      return true;
    });
    const before = store.seen.length;
    const { fetch, close } = openRegistryFetch({ trusted: `http://${registry.host}`, allowPrivate: ['127.0.0.0/8'] });
    expect(await codeOf(pull(registry, { fetch, credentials }))).toBe('done');
    await close();
    const led = store.seen.slice(before);
    expect(led.length).toBeGreaterThan(2);
    expect(led.map(({ authorization }) => authorization)).toEqual(led.map(() => undefined));
  });

  it('a place of an upload or a token service elsewhere is refused', async () => {
    for (const intercept of [
      ({ method }, _, response) =>
        method === 'POST' && response.writeHead(202, { location: 'http://10.0.0.1/up' }).end() !== undefined,
      (_seen, _, response) =>
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://10.0.0.1/t"' }).end() !== undefined,
    ] satisfies Intercept[]) {
      const registry = await openRegistry();
      registry.intercept(intercept);
      const { fetch, close } = openRegistryFetch({ trusted: `http://${registry.host}` });
      const pushing = pushBundle(await bundleOf([10]), at(registry), { codecs, fetch, limits: LIMITS, ...NO_PAUSE });
      expect(await codeOf(pushing)).toBe('REGISTRY_REFUSED');
      await close();
    }
  });

  it('a name counts as the addresses that it has', async () => {
    const registry = await openRegistry();
    await pushBundle(await bundleOf([10]), at(registry), { codecs });
    const port = registry.host.split(':')[1];
    registry.intercept(({ method, url, authorization: _authorization }, _, response) => {
      if (!isBlob(method, url) || url.endsWith('?led')) return false;
      response.writeHead(307, { location: `http://files.test:${port}${url}?led` }).end();
      return true;
    });
    const trusted = `http://${registry.host}`;
    for (const [resolved, code] of [
      [['127.0.0.1'], 'REGISTRY_REFUSED'],
      [['93.184.216.34', '10.0.0.1'], 'REGISTRY_REFUSED'],
    ] as const) {
      const { fetch, close } = openRegistryFetch({ trusted, resolve: () => Promise.resolve(resolved) });
      expect(await codeOf(pull(registry, { fetch }))).toBe(code);
      await close();
    }
    const allowPrivate = ['127.0.0.1'];
    const open = openRegistryFetch({ trusted, allowPrivate, resolve: () => Promise.resolve(['127.0.0.1']) });
    expect(await codeOf(pull(registry, { fetch: open.fetch }))).toBe('done');
    await open.close();
  });
});

describe('the whole', () => {
  it('has a limit', async () => {
    const registry = await turned(
      () =>
        ({ method, url }) =>
          isBlob(method, url),
    );
    expect(await codeOf(pull(registry, { limits: { operationMs: 300 } }))).toBe('REGISTRY_UNREACHABLE');
  });

  it('ends when its caller aborts between two tries', async () => {
    const abort = new AbortController();
    const registry = await turned(() => (_seen, _request, response) => response.writeHead(503).end() !== undefined);
    const pause = (): Promise<void> => {
      abort.abort();
      return new Promise(() => undefined);
    };
    expect(await codeOf(pull(registry, { signal: abort.signal, limits: {}, pause }))).toBe('ABORTED');
  });

  it('ends when its caller aborts', async () => {
    const abort = new AbortController();
    const registry = await turned(() => ({ method, url }) => {
      if (isBlob(method, url)) abort.abort();
      return isBlob(method, url);
    });
    expect(await codeOf(pull(registry, { signal: abort.signal, limits: {} }))).toBe('ABORTED');
  });
});
