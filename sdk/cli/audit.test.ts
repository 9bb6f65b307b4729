import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../runtime/node/clock.ts';
import { silentLogger } from '../../runtime/node/logger.ts';
import { AuditLog, generateSigningKey } from '../../runtime/node/security/index.ts';
import { openFolder, runCli } from './testing/cli-process.ts';

test('audit verify takes a whole log, and names the line that was altered', async () => {
  const file = join(await openFolder(), 'audit.log');
  const key = generateSigningKey();
  const log = await AuditLog.open({ file, key, clock: systemClock, logger: silentLogger, fileBytes: 1e6, files: 1 });
  const entry = { tenant: null, verb: 'call', operation: 'callExport', worker: 'web', code: 'OK', requestId: 'r' };
  for (const subject of ['alice', 'mallory']) log.record({ ...entry, subject });
  await log.close();
  const verify = (...args: string[]) => runCli(['audit', 'verify', file, ...args]);

  expect(JSON.parse((await verify('--public-key', key.publicText, '-o', 'json')).stdout)).toEqual({
    file,
    files: 1,
    lines: 4,
    seals: 1,
    unsealed: 0,
  });
  const other = await verify('--public-key', generateSigningKey().publicText);
  expect(other).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('sealed with another key') as unknown });
  await writeFile(file, (await readFile(file, 'utf8')).replace('mallory', 'alice'));
  const altered = await verify();
  expect(altered.exitCode).toBe(1);
  expect(altered.stderr).toMatch(/^error\[AUDIT_BROKEN\]: .*audit\.log:3 was altered/);
});
