/**
 * Instrumented modules are kept on disk under INSTRUMENTER_VERSION, so whoever changes what comes out must raise it: this
 * holds the output for the whole corpus against what was recorded with the version.
 */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { INSTRUMENTER_VERSION, instrumentModule, Program } from '../../runtime/instrument/index.ts';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { CORPUS } from '../programs/corpus.ts';

const RECORDED = {
  version: 6,
  digest: '561f7e5d54837f6866b07a7c392733797f93892f1e7217c15744485b95955e60',
};

it('the output is that of the recorded version; if it is meant to change, raise the version and record both', async () => {
  const hash = createHash('sha256');
  for (const program of CORPUS) {
    const bytes = await program.load();
    for (const mode of ['throw', 'flag'] as const)
      hash.update(instrumentModule(new Program(decodeModule(bytes), mode)));
  }
  expect({ version: INSTRUMENTER_VERSION, digest: hash.digest('hex') }).toEqual(RECORDED);
});
