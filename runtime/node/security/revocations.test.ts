import { appendFile, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REVOCATIONS_MAX, Revocations, revoke } from './revocations.ts';
import { TOKEN_LIMITS } from './token-claims.ts';

const JTI = 'j'.repeat(20);
const AT_S = 1_800_000_000;
let folder: string;
let next = 0;
const freshPath = (): string => join(folder, `${next++}.jsonl`);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-revoked-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a torn last line counts as not written, a damaged one stops everything', async () => {
  const path = freshPath();
  await revoke(path, { jti: JTI, atS: AT_S });
  await appendFile(path, '{"jti":"kkkkkkkkkkkk');
  const revocations = new Revocations(path, 0);
  const isRevoked = (jti: string): boolean => revocations.hasAny([{ jti, iss: 'i', iat: 0 }]);
  expect(isRevoked(JTI)).toBe(true);
  await revoke(path, { jti: 'k'.repeat(20), atS: AT_S });
  expect(isRevoked('k'.repeat(20))).toBe(true);
  await appendFile(path, '{"jti":5}\n');
  expect(() => isRevoked('x')).toThrowError(expect.objectContaining({ code: 'STORE_FAILED' }));
  await expect(revoke(path, { jti: JTI, atS: AT_S })).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

it('entries go when their tokens have expired, and the list is bounded', async () => {
  const path = freshPath();
  const line = (index: number): string => `${JSON.stringify({ jti: String(index).padStart(20, '0'), atS: AT_S })}\n`;
  await writeFile(path, Array.from({ length: REVOCATIONS_MAX - 1 }, (_, index) => line(index)).join(''));
  await revoke(path, { jti: JTI, atS: AT_S });
  await expect(revoke(path, { jti: 'k'.repeat(20), atS: AT_S })).rejects.toMatchObject({ code: 'LIMIT_OUT_OF_RANGE' });
  const later = AT_S + TOKEN_LIMITS.lifetimeS.value + 2 * TOKEN_LIMITS.skewS.value;
  await revoke(path, { jti: 'k'.repeat(20), atS: later });
  expect((await readFile(path, 'utf8')).split('\n')).toHaveLength(2);
});

it('one writer at a time; what a crashed one left does not count', async () => {
  const path = freshPath();
  const written = await Promise.allSettled(
    Array.from({ length: 5 }, (_, index) => revoke(path, { jti: String(index).padStart(20, '0'), atS: AT_S })),
  );
  const lines = (await readFile(path, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(written.filter(({ status }) => status === 'fulfilled').length);
  await writeFile(`${path}.part`, '');
  await expect(revoke(path, { jti: JTI, atS: AT_S })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await utimes(`${path}.part`, 0, 0);
  await revoke(path, { jti: JTI, atS: AT_S });
});

it('without a file it knows what it is told, and entries of a strange form are refused', async () => {
  const revocations = new Revocations(undefined);
  revocations.add({ issuer: 'i', beforeS: 10, atS: 0 });
  revocations.add({ issuer: 'i', beforeS: 5, atS: 0 });
  expect([9, 10].map((iat) => revocations.hasAny([{ jti: 'j', iss: 'i', iat }]))).toEqual([true, false]);
  await expect(revoke(freshPath(), { jti: 'x', atS: 0 })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

it('the list is not looked at again before its time', async () => {
  const path = freshPath();
  const [patient, eager] = [new Revocations(path, 1e9), new Revocations(path, 0)];
  const token = [{ jti: JTI, iss: 'i', iat: 0 }];
  expect([patient.hasAny(token), eager.hasAny(token)]).toEqual([false, false]);
  await revoke(path, { jti: JTI, atS: AT_S });
  expect([patient.hasAny(token), eager.hasAny(token)]).toEqual([false, true]);
});
