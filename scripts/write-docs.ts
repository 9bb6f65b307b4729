/** Writes what is derived from tables: documents and bindings. `test/docs.test.ts` holds the files against it. */
import { writeFileSync } from 'node:fs';
import { ERROR_ACTIONS } from '../runtime/errors/error-actions.ts';
import { ERROR_CODES, type ErrorCode } from '../runtime/errors/index.ts';
import { assemblyImports, cHeader, rustImports } from './abi-bindings.ts';
import { assemblyDocument } from './assembly-document.ts';
import { TRAP_CODES } from '../runtime/engine/trap-codes.ts';
import { abiDocument } from './abi-document.ts';
import { configDocument, configSchema } from '../runtime/node/config/index.ts';
import { projectSchema } from '../sdk/project/project-schema.ts';
import { limitsDocument } from '../runtime/node/quotas/index.ts';
import { metricsDocument } from '../runtime/node/metrics/index.ts';

/** docs/errors.md, from the tables of error codes and of traps. */
export function errorsDocument(): string {
  const rows = Object.entries(ERROR_CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([code, { summary, status, retryable }]) =>
        `| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${summary} | ${ERROR_ACTIONS[code as ErrorCode]} |`, // a key of the table
    );
  return [
    '<!-- Written by `node scripts/write-docs.ts` from runtime/errors/error-table.ts and error-actions.ts, runtime/engine/trap-codes.ts. -->',
    '',
    '# Errors',
    '',
    'Every error has a stable code. In JavaScript it is `PluvioError.code`; over HTTP the member `code` of the problem document',
    '(RFC 9457), with the status below; on the command line it stands in brackets. Match on the code, never on the message.',
    '`retry`: whether the same request may succeed later without being changed.',
    '',
    'What a guest does wrong (a trap, a limit) is an outcome of its call and not an error.',
    '',
    '| code | status | retry | what happened | what to do |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    '## Traps',
    '',
    'The outcome of a call of a guest that trapped, `{kind: trapped, code, message, frames}`, has one of these codes.',
    '',
    '| code | what happened |',
    '| --- | --- |',
    ...Object.entries(TRAP_CODES).map(([code, summary]) => `| \`${code}\` | ${summary} |`),
    '',
  ].join('\n');
}

/** Every derived file, and what writes it. */
export const DERIVED: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorsDocument,
  'docs/abi.md': abiDocument,
  'docs/config.md': configDocument,
  'docs/node-config.schema.json': () => `${JSON.stringify(configSchema(), null, 2)}\n`,
  'docs/limits.md': limitsDocument,
  'docs/metrics.md': metricsDocument,
  'docs/assembly.md': assemblyDocument,
  'docs/project.schema.json': () => `${JSON.stringify(projectSchema(), null, 2)}\n`,
  'sdk/c/pluvio.h': cHeader,
  'sdk/assembly/pluvio_v1.ts': assemblyImports,
  'sdk/rust/src/raw.rs': rustImports,
};

if (import.meta.main) {
  for (const [path, write] of Object.entries(DERIVED)) writeFileSync(new URL(`../${path}`, import.meta.url), write());
}
