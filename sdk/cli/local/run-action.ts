/** `run` and `resume`: here, or on a node. */
import type { CommandAction, OptionRow, OptionValues } from '../command.ts';
import { deploy } from '../deploy.ts';
import { openClient } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { DEPLOY_OPTIONS, GUEST_OPTIONS, PROGRESS, SOURCE_OPTIONS } from '../options.ts';
import { UsageError } from '../usage-error.ts';
import { watchWorker } from '../watch-worker.ts';
import { namesProgram } from './program-file.ts';
import { runHere } from './run-here.ts';
import { runSettings } from './run-settings.ts';

/** Options that would mean nothing are mistakes. @throws UsageError */
function refuseOptions(rows: readonly OptionRow[], options: OptionValues, why: string): void {
  for (const { flags } of rows) {
    const flag = /--([a-z-]+)/.exec(flags)?.[1] ?? '';
    const value = options[flag.replace(/^no-/, '').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    const isGiven = flag.startsWith('no-') ? value === false : value !== undefined && value !== false;
    if (isGiven) throw new UsageError(`--${flag} ${why}`);
  }
}

export const runAction: CommandAction = (input) => {
  const settings = runSettings(input);
  if (textOf(input.options, 'node') !== undefined) return deploy(settings, input.options);
  refuseOptions(
    DEPLOY_OPTIONS.filter((row) => row !== PROGRESS),
    input.options,
    'needs --node URL',
  );
  return runHere(settings, input.options);
};

export const resumeAction: CommandAction = async (input) => {
  const [target = ''] = input.args;
  const { options } = input;
  if (namesProgram(target)) return runAction(input);
  refuseOptions(
    [...GUEST_OPTIONS, ...SOURCE_OPTIONS],
    options,
    `cannot be used with a worker; "${target}" goes on as it was`,
  );
  refuseOptions(
    DEPLOY_OPTIONS.filter(({ flags }) => /^--(?:name|progress|node-pulls)\b/.test(flags)),
    options,
    'cannot be used with a worker',
  );
  const client = await openClient(options);
  return watchWorker(client, await client.workers.resume(target), options);
};
