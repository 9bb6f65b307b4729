/** `run` and `resume`: here, or on a node. */
import { existsSync } from 'node:fs';
import type { CommandAction } from '../command.ts';
import { deploy } from '../deploy.ts';
import { watchWorker } from '../watch-worker.ts';
import { openClient } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { runHere } from './run-here.ts';
import { runSettings } from './run-settings.ts';

export const runAction: CommandAction = (input) => {
  const settings = runSettings(input);
  return textOf(input.options, 'node') === undefined ? runHere(settings) : deploy(settings, input.options);
};

const isFile = (target: string): boolean => /\.(?:drop|wasm)$|\//.test(target) || existsSync(target);

export const resumeAction: CommandAction = async (input) => {
  const [target = ''] = input.args;
  if (isFile(target)) return runAction(input);
  const client = await openClient(input.options);
  const worker = await client.workers.resume(target);
  return watchWorker(client, worker, input.options);
};
