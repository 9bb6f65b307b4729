import { expect, test } from 'vitest';
import { coversUrl, isUrlScope } from './url-scopes.ts';

test.each([
  ['https://a.example', 'https://a.example/', true],
  ['https://a.example', 'https://a.example/any/path?query', true],
  ['https://a.example', 'https://A.EXAMPLE:443/', true],
  ['https://a.example', 'http://a.example/', false],
  ['https://a.example', 'https://a.example:8443/', false],
  ['https://a.example:8443', 'https://a.example:8443/', true],
  ['https://a.example', 'https://a.example.evil.example/', false],
  ['https://a.example', 'https://evil.example/a.example', false],
  ['https://a.example', 'https://a.example@evil.example/', false],
  ['https://a.example', 'https://evil.example#@a.example/', false],
  ['https://a.example', 'https://evil.example\\@a.example/', false],
  ['https://a.example', 'https://b.a.example/', false],
  ['https://*.a.example', 'https://b.a.example/', true],
  ['https://*.a.example', 'https://c.b.a.example/', true],
  ['https://*.a.example', 'https://a.example/', false],
  ['https://*.a.example', 'https://xa.example/', false],
  ['https://*.a.example', 'https://.a.example/', false],
  ['https://*.a.example:444/x', 'https://b.a.example:444/x/y', true],
  ['https://a.example/v1', 'https://a.example/v1', true],
  ['https://a.example/v1', 'https://a.example/v1/x', true],
  ['https://a.example/v1', 'https://a.example/v10', false],
  ['https://a.example/v1/', 'https://a.example/v1/x', true],
  ['https://a.example/v1/', 'https://a.example/v1', false],
  ['https://a.example/v1', 'https://a.example/v1/../v2', false],
  ['https://a.example/v1', 'https://a.example/v1/%2e%2e/v2', false],
  ['https://a.example/v1', 'https://a.example/v1/..%2fv2', false],
  ['https://a.example/v1', 'https://a.example/v1/..%5Cv2', false],
  ['https://a.example/v1', 'https://a.example\\v1\\x', true],
  ['https://a.example', 'https://a.example/a%2fb', true],
  ['*', 'http://anything.example:81/x', true],
  ['*', 'ftp://anything.example/', false],
  ['*', 'https://user@anything.example/', false],
  ['http://[::1]:80', 'http://[0:0::1]/', true],
  ['http://127.0.0.1', 'http://2130706433/', true],
])('%s, %s: %s', (scope, url, covered) => {
  expect(isUrlScope(scope)).toBe(true);
  expect(coversUrl(scope, url)).toBe(covered);
});

test.each([
  '',
  'a.example',
  'https://',
  'https://*',
  'https://*.',
  'https://a.*.example',
  'ftp://a.example',
  'https://a.example/?q',
  'https://a.example/#f',
  'https://u@a.example',
  'https://a.example/*',
  '**',
])('"%s" is no scope', (scope) => {
  expect([isUrlScope(scope), coversUrl(scope, 'https://a.example/')]).toEqual([false, false]);
});
