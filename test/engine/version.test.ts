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
  version: 2,
  digest: '6d7b44be757dac9d4c2221517817b1137eadec7f72d5d6608aafd1f43bd58736',
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
