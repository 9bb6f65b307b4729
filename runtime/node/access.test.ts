import { describe, expect, it } from 'vitest';
import { AccessPolicy, parseListen } from './access.ts';
import type { Identity } from './security/identity.ts';
import type { Verb } from './security/verbs.ts';

const TOKEN = 'correct-horse-battery';
const headers = (fields: Record<string, string>): Headers => new Headers(fields);
const loopback = parseListen('127.0.0.1:7070');

describe('parseListen', () => {
  it.each([
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0, loopback: true }],
    ['localhost:80', { host: 'localhost', port: 80, loopback: true }],
    ['[::1]:7070', { host: '::1', port: 7070, loopback: true }],
    ['0.0.0.0:7070', { host: '0.0.0.0', port: 7070, loopback: false }],
    ['[::]:1', { host: '::', port: 1, loopback: false }],
  ])('reads %s', (text, address) => {
    expect(parseListen(text)).toEqual(address);
  });

  it.each(['', '7070', 'host', 'host:99999', '::1:80', 'http://host:1'])('refuses "%s"', (text) => {
    expect(() => parseListen(text)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('AccessPolicy', () => {
  it('does not open an address other than loopback without a token', () => {
    expect(() => new AccessPolicy(parseListen('0.0.0.0:1'), [])).toThrowError(
      expect.objectContaining({ code: 'LISTEN_REFUSED' }),
    );
    expect(() => new AccessPolicy(parseListen('0.0.0.0:1'), [{ token: TOKEN }])).not.toThrow();
    expect(() => new AccessPolicy(loopback, [])).not.toThrow();
  });

  it('does not take a token that can be guessed', () => {
    expect(() => new AccessPolicy(loopback, [{ token: 'short' }])).toThrowError(/at least 16/);
  });

  it('takes only Host headers that name loopback', () => {
    const policy = new AccessPolicy(loopback, []);
    for (const host of ['127.0.0.1:7070', 'localhost', '[::1]:7070']) {
      expect(() => policy.checkSource(headers({ host }))).not.toThrow();
    }
    for (const host of ['evil.example', 'evil.example:7070', '127.0.0.1.evil.example', '']) {
      expect(() => policy.checkSource(headers({ host }))).toThrowError(expect.objectContaining({ code: 'FORBIDDEN' }));
    }
  });

  it('takes requests of pages of its own and of listed origins only', () => {
    const policy = new AccessPolicy(loopback, [], ['https://app.example']);
    const from = (origin: string): Headers => headers({ host: '127.0.0.1:7070', origin });
    expect(() => policy.checkSource(from('http://127.0.0.1:7070'))).not.toThrow();
    expect(() => policy.checkSource(from('https://app.example'))).not.toThrow();
    expect(() => policy.checkSource(from('https://other.example'))).toThrowError(/origin "https:\/\/other.example"/);
    expect(() => policy.checkSource(from('null'))).toThrowError(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('knows tokens and what they cover', () => {
    const policy = new AccessPolicy(loopback, [{ token: TOKEN }, { token: `${TOKEN}-peer`, scopes: ['peer'] }]);
    const bearer = (token: string): Headers => headers({ authorization: `Bearer ${token}` });
    const check = (given: Headers, operation: 'getWorker' | 'moveWorker' | 'putBlob', verb: Verb): void =>
      policy.checkOperation(policy.identify(given) as Identity, operation, verb, 'web'); // static tokens are known at once
    expect(() => check(bearer(TOKEN), 'moveWorker', 'admin')).not.toThrow();
    expect(() => check(bearer(`${TOKEN}-peer`), 'putBlob', 'peer')).not.toThrow();
    expect(() => check(bearer(`${TOKEN}-peer`), 'getWorker', 'read')).toThrowError(
      expect.objectContaining({ code: 'FORBIDDEN' }),
    );
    for (const wrong of [headers({}), bearer(`${TOKEN}x`), headers({ authorization: `Basic ${TOKEN}` })]) {
      expect(() => policy.identify(wrong)).toThrowError(expect.objectContaining({ code: 'UNAUTHENTICATED' }));
    }
  });
});
