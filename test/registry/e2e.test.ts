import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { requireTool } from '../requires.ts';
import { CHECKS } from './e2e-checks.ts';
import { ROOT } from './e2e-setting.ts';

const reason = requireTool('docker-registry') ?? requireTool('htpasswd') ?? requireTool('skopeo');

test.skipIf(reason)(
  'docker-registry and skopeo agree with us',
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/registry/run.ts'], { cwd: ROOT }).catch(
      (failure: unknown) => failure as { stdout: string }, // what ran, with its output
    );
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('failed'))).toEqual([]);
    const summary: unknown = JSON.parse(lines.at(-1) ?? '');
    expect(summary).toMatchObject({ passed: CHECKS.length, failed: 0 });
  },
  600_000,
);
