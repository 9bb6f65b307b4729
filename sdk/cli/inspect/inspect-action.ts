import { encodeCoredump } from '../../../runtime/bundle/index.ts';
import { type CommandAction, EXIT } from '../command.ts';
import { readProgramFile } from '../local/program-file.ts';
import { formatOf, isSet, textOf } from '../option-values.ts';
import { note, printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { writeFileWhole } from '../whole-file.ts';
import { bundleFacts } from './bundle-facts.ts';
import { printBundle, printModule, printState } from './facts-text.ts';
import { moduleFacts } from './module-facts.ts';

export const inspectAction: CommandAction = async ({ args: [path = ''], options }) => {
  const isJson = formatOf(options) === 'json';
  const isVerbose = isSet(options, 'verbose');
  const coredump = textOf(options, 'coredump');
  const file = await readProgramFile(path, options);
  const { facts: module, loaded } = await moduleFacts(file.kind === 'module' ? file.module : file.bundle.module);
  const bundle = file.kind === 'module' ? null : bundleFacts(file, loaded);
  const snapshot = file.kind === 'module' ? undefined : file.bundle.snapshot;
  if (coredump !== undefined) {
    if (snapshot === undefined)
      throw new UsageError(`${path} holds no state: there is nothing to write into a core dump`);
    await writeFileWhole(coredump, [encodeCoredump(snapshot, loaded.module, bundle?.manifest.name ?? path)]);
  }
  if (isJson) printJson({ file: path, bundle, module });
  else {
    if (bundle !== null) {
      printBundle(bundle, isVerbose);
      printLine('');
    }
    printModule(module, isVerbose);
    if (bundle?.state) printState(bundle.state, isVerbose);
  }
  if (coredump !== undefined) note(`${coredump} holds the core dump`);
  return EXIT.ok;
};
