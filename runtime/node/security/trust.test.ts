import { describe, expect, it } from 'vitest';
import { generateSigningKey } from './ed25519-keys.ts';
import { checkGrants, type GrantTable, missingGrants } from './grants.ts';
import { type Deployment, PublisherPolicy } from './trust.ts';

const alice = generateSigningKey();
const bob = generateSigningKey();
const base: Deployment = { publicKey: alice.publicKey, name: 'web-1', tenant: 'acme', capabilities: ['http'] };

describe('publishers', () => {
  const policy = new PublisherPolicy([
    { key: alice.publicText, names: ['web-*'], tenants: ['acme'], capabilities: ['http', 'kv'] },
    { key: alice.publicText, names: ['job'], tenants: ['beta-*'], capabilities: [] },
  ]);

  it.each<[Partial<Deployment>, RegExp | undefined]>([
    [{}, undefined],
    [{ name: 'job', tenant: 'beta-1', capabilities: [] }, undefined],
    [{ name: 'db' }, /may not deploy worker "db"/],
    [{ tenant: 'beta-1' }, /may not deploy tenant "beta-1"/],
    [{ capabilities: ['kv', 'secrets'] }, /may not deploy capability "secrets"/],
    [{ name: 'job', tenant: 'beta-1' }, /may not deploy worker "job"/],
    [{ publicKey: bob.publicKey }, /is not trusted here/],
  ])('%j', (change, fault) => {
    const check = (): void => policy.check({ ...base, ...change });
    if (fault === undefined) expect(check).not.toThrow();
    else expect(check).toThrowError(fault);
  });

  it('with at least one every bundle needs a signature of theirs', () => {
    expect(() => policy.check({ ...base, publicKey: undefined })).toThrowError(
      expect.objectContaining({ code: 'BUNDLE_UNSIGNED' }),
    );
    expect(policy.trustPolicy).toEqual({ signatureRequired: true, keys: [alice.publicKey] });
  });

  it('without any, anybody may, and a signature may be asked for all the same', () => {
    expect(() => new PublisherPolicy([]).check({ ...base, publicKey: undefined })).not.toThrow();
    expect(new PublisherPolicy([]).trustPolicy).toEqual({ signatureRequired: false });
    const signed = new PublisherPolicy([], true);
    expect(() => signed.check({ ...base, publicKey: bob.publicKey })).not.toThrow();
    expect(() => signed.check({ ...base, publicKey: undefined })).toThrowError(/asks for one/);
  });

  it('have keys that are keys', () => {
    expect(() => new PublisherPolicy([{ key: 'x' }])).toThrowError(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});

describe('grants', () => {
  const table: GrantTable = {
    all: { 'topics.publish': ['news/*'], kv: [], other: ['x', 'y*'] },
    tenants: {
      acme: {
        grants: { 'http.outbound': ['https://api.example/v1/', 'https://*.cdn.example'], 'topics.publish': ['acme/*'] },
      },
    },
  };

  it.each([
    ['acme', { 'topics.publish': ['news/a', 'acme/b*'], kv: [] }, []],
    ['acme', { 'http.outbound': ['https://api.example/v1/', 'https://api.example/v1/a', 'https://x.cdn.example'] }, []],
    ['acme', { 'http.outbound': ['https://*.cdn.example'] }, []],
    ['acme', { 'http.outbound': ['https://api.example/', '*'] }, [['http.outbound', ['https://api.example/', '*']]]],
    ['acme', { 'http.outbound': ['https://cdn.example.evil'] }, [['http.outbound', ['https://cdn.example.evil']]]],
    ['acme', { 'topics.publish': ['*'] }, [['topics.publish', ['*']]]],
    [
      'other',
      { 'topics.publish': ['acme/b'], 'http.outbound': [] },
      [
        ['topics.publish', ['acme/b']],
        ['http.outbound', []],
      ],
    ],
    ['other', { other: ['x', 'y*', 'yz', 'x*', 'z'] }, [['other', ['x*', 'z']]]],
    ['__proto__', { kv: [] }, []],
    ['acme', JSON.parse('{"__proto__": []}') as object, [['__proto__', []]]],
    [
      'acme',
      { 'http.inbound': ['*/*'], secrets: [] },
      [
        ['http.inbound', ['*/*']],
        ['secrets', []],
      ],
    ],
    ['acme', { constructor: [] }, [['constructor', []]]],
  ])('of tenant %s for %j lack %j', (tenant, asked, missing) => {
    expect(missingGrants(table, tenant, asked as Record<string, string[]>)).toEqual(missing);
  });

  it('refuse a worker whole, and say what is missing', () => {
    expect(() =>
      checkGrants(table, { name: 'w', tenant: 'other' }, { 'topics.publish': ['x'], secrets: [] }),
    ).toThrowError(
      expect.objectContaining({ code: 'FORBIDDEN', details: { missing: ['topics.publish x', 'secrets'] } }),
    );
    expect(() => checkGrants(table, { name: 'w', tenant: 'other' }, {})).not.toThrow();
  });
});
