import { describe, expect, it } from 'vitest';
import { pullBundle, pushBundle } from '../../runtime/bundle/registry/index.ts';
import type { Intercept } from './local-registry.ts';
import { at, bundleOf, codecs, largestOf, NO_PAUSE, openRegistry } from './open-registry.ts';

/** Does so the first times only. */
function atFirst(times: number, intercept: Intercept): Intercept {
  let left = times;
  return (...given) => {
    if (left === 0 || !intercept(...given)) return false;
    left--;
    return true;
  };
}

describe('a download that breaks off', () => {
  /** Sends a part of a blob, and ends the connection. */
  const cutAfter =
    (digest: string, bytes: Uint8Array, sentBytes: number): Intercept =>
    ({ method, url, range }, _request, response) => {
      if (method !== 'GET' || !url.includes(digest)) return false;
      const start = Number(/\d+/.exec(range ?? '0')?.[0]);
      if (range !== undefined)
        response.setHeader('content-range', `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
      response.writeHead(range === undefined ? 200 : 206, { 'content-length': bytes.length - start });
      response.write(bytes.subarray(start, start + sentBytes), () => response.destroy());
      return true;
    };

  it('goes on where it broke', async () => {
    const registry = await openRegistry();
    const bundle = await bundleOf([200_000]);
    await pushBundle(bundle, at(registry), { codecs });
    const digest = largestOf(bundle);
    registry.intercept(atFirst(1, cutAfter(digest, bundle.blobs.get(digest as never) ?? new Uint8Array(), 1000)));
    const { blobs } = await pullBundle(at(registry), { codecs, ...NO_PAUSE });
    expect([...blobs]).toEqual([...bundle.blobs]);
    const asked = registry.seen.filter(({ method, url }) => method === 'GET' && url.includes(digest));
    expect(asked.map(({ range }) => range)).toEqual([undefined, 'bytes=1000-']);
  });

  it.each([
    ['again and again, with little progress, is given up', 10, 5, 'REGISTRY_UNREACHABLE'],
    ['with progress is not', 70_000, 12, undefined],
  ])('%s', async (_, sentBytes, tries, code) => {
    const registry = await openRegistry();
    const bundle = await bundleOf([800_000]);
    await pushBundle(bundle, at(registry), { codecs });
    const digest = largestOf(bundle);
    registry.intercept(cutAfter(digest, bundle.blobs.get(digest as never) ?? new Uint8Array(), sentBytes));
    const pulling = pullBundle(at(registry), { codecs, ...NO_PAUSE });
    if (code === undefined) expect((await pulling).blobs.size).toBe(bundle.blobs.size);
    else await expect(pulling).rejects.toMatchObject({ code });
    expect(registry.count('GET', digest)).toBe(tries);
  });

  it('begins anew where the registry does not know ranges', async () => {
    const registry = await openRegistry();
    const bundle = await bundleOf([200_000]);
    await pushBundle(bundle, at(registry), { codecs });
    const digest = largestOf(bundle);
    const bytes = bundle.blobs.get(digest as never) ?? new Uint8Array();
    const cut = atFirst(1, cutAfter(digest, bytes, 1000));
    registry.intercept((seen, request, response) => {
      if (cut(seen, request, response)) return true;
      if (seen.range === undefined) return false;
      response.writeHead(200).end(bytes);
      return true;
    });
    expect([...(await pullBundle(at(registry), { codecs, ...NO_PAUSE })).blobs]).toEqual([...bundle.blobs]);
  });
});

describe('an upload that breaks off', () => {
  const limits = { chunkBytes: 1000 };

  it.each([1, 3])('goes on where it broke, %i times', async (times) => {
    const registry = await openRegistry();
    const bundle = await bundleOf([2500]);
    // What has come of the piece is kept; nobody hears of it.
    const breaking: Intercept = ({ method, contentRange }, request, response) => {
      if (method !== 'PATCH' || contentRange?.startsWith('0-') === true) return false;
      request.socket.destroy();
      response.destroy();
      return true;
    };
    registry.intercept(atFirst(times, breaking));
    const sent = await pushBundle(bundle, at(registry), { codecs, limits, ...NO_PAUSE });
    expect(sent.bytesSent).toBeGreaterThan(2500);
    const { blobs } = await pullBundle(at(registry), { codecs });
    expect([...blobs]).toEqual([...bundle.blobs]);
    const first = registry.seen.filter(({ contentRange }) => contentRange === '0-999');
    expect(first).toHaveLength(1);
  });

  it('is begun anew when the registry has forgotten it', async () => {
    const registry = await openRegistry();
    const bundle = await bundleOf([2500]);
    const forget = atFirst(1, ({ method, contentRange }) => {
      if (method !== 'PATCH' || contentRange?.startsWith('1000-') !== true) return false;
      registry.forgetUploads();
      return true;
    });
    registry.intercept((seen, request, response) => {
      if (forget(seen, request, response)) response.writeHead(404).end();
      else return false;
      return true;
    });
    await pushBundle(bundle, at(registry), { codecs, limits, ...NO_PAUSE });
    expect([...(await pullBundle(at(registry), { codecs })).blobs]).toEqual([...bundle.blobs]);
    expect(registry.seen.filter(({ contentRange }) => contentRange === '0-999')).toHaveLength(2);
  });

  it('whose end nobody heard of is done', async () => {
    const registry = await openRegistry();
    const bundle = await bundleOf([5000]);
    const digest = largestOf(bundle);
    const silent = atFirst(1, ({ method, url }, request, response) => {
      if (method !== 'PUT' || !url.includes(encodeURIComponent(digest))) return false;
      request
        .on('data', () => undefined)
        .on('end', () => {
          registry.repository('team/pi').blobs.set(digest, Buffer.from(bundle.blobs.get(digest as never) ?? []));
          response.destroy();
        });
      return true;
    });
    registry.intercept(silent);
    const sent = await pushBundle(bundle, at(registry), { codecs, ...NO_PAUSE });
    expect(sent.blobsSent).toBe(4);
    expect(registry.count('PUT', encodeURIComponent(digest))).toBe(1);
  });
});

describe('a registry that is not able to answer', () => {
  it.each([429, 500, 502, 503, 504])('with %i is asked again', async (status) => {
    const registry = await openRegistry();
    const bundle = await bundleOf([10]);
    await pushBundle(bundle, at(registry), { codecs });
    const pauses: number[] = [];
    registry.intercept(
      atFirst(2, (_seen, _request, response) => {
        response.writeHead(status, { 'retry-after': '7' }).end();
        return true;
      }),
    );
    const pause = (ms: number): Promise<void> => {
      pauses.push(ms);
      return Promise.resolve();
    };
    await pullBundle(at(registry), { codecs, pause });
    expect(pauses).toEqual([7000, 7000]);
  });

  it('for good is given up, with growing pauses', async () => {
    const registry = await openRegistry();
    registry.intercept((_seen, _request, response) => {
      response.writeHead(503, { 'retry-after': '100000' }).end();
      return true;
    });
    const pauses: number[] = [];
    const pause = (ms: number): Promise<void> => {
      pauses.push(ms);
      return Promise.resolve();
    };
    const limits = { attempts: 3 };
    await expect(pullBundle(at(registry), { codecs, pause, limits })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      details: { httpStatus: 503 },
    });
    expect(registry.seen).toHaveLength(3);
    expect(pauses).toEqual([30_000, 30_000]);
  });

  it('that is not there', async () => {
    const registry = await openRegistry();
    const reference = at(registry);
    await registry.close();
    await expect(pullBundle(reference, { codecs, ...NO_PAUSE })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
    });
  });
});
