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
  version: 4,
  digest: '23afcd9ee581c2b12d63b6ff3d756c6068c2c2a4dd39fa4ffc30f7938c95277f',
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
