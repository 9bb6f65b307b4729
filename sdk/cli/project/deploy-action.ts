import { PluvioError } from '../../../runtime/errors/index.ts';
import { buildProject, writeBuild } from '../../project/build-project.ts';
import { applyDeploy, type DeployPlan, planDeploy } from '../../project/deploy.ts';
import { loadProject } from '../../project/load-project.ts';
import type { CommandAction } from '../command.ts';
import { connect } from '../node-client.ts';
import { formatOf, isSet, workerNameOption } from '../option-values.ts';
import { note, printJson, printLine } from '../terminal.ts';

const STATES: Readonly<Record<DeployPlan['state'], string>> = {
  new: 'a worker that is not there yet',
  kept: 'it goes on with its state',
  storage: 'the module is another one: it keeps its keys, blobs, timers and topics; its memory begins anew',
  anew: 'it begins anew: the module is another one; `pluvio rollback` goes back to it and its state',
};

/** `+ field: value`, `- field: value`, `~ field: before → after`. */
export function planLines({ worker, action, state, bundle, changes }: DeployPlan): string[] {
  if (action === 'none') return [`${worker}: nothing changes`];
  return [
    `${action} ${worker}: ${STATES[state]}`,
    `  bundle ${bundle}`,
    ...changes.map(({ field, from, to }) => {
      if (from === undefined) return `  + ${field}: ${to ?? ''}`;
      return to === undefined ? `  - ${field}: ${from}` : `  ~ ${field}: ${from} → ${to}`;
    }),
  ];
}

export const deployAction: CommandAction = async ({ args: [folder = '.'], options }) => {
  const read = await loadProject(folder);
  const name = workerNameOption(options);
  const project = name === undefined ? read : { ...read, name, manifest: { ...read.manifest, name } };
  const built = await buildProject(project);
  if (isSet(options, 'locked')) await writeBuild(project, built, true);
  for (const text of built.notes) note(text);
  const { client, here } = await connect(options);
  await client.workers.get(project.name).catch((error: unknown) => {
    if (!(error instanceof PluvioError && error.code === 'WORKER_NOT_FOUND')) throw error;
  });
  const node = here(); // where the worker is
  const plan = await planDeploy(node, built, { storage: isSet(options, 'storage') });
  const isJson = formatOf(options) === 'json';
  if (!isJson) for (const line of planLines(plan)) printLine(line);
  if (isSet(options, 'dryRun')) {
    if (isJson) printJson({ plan, worker: null });
    const asked = Object.entries(built.bundle.manifest.capabilities ?? {}).map((entry) => entry.flat().join(' '));
    if (plan.action !== 'none' && asked.length > 0)
      note(`it asks for ${asked.join(', ')}; whether the node grants that is not checked`);
    return 0;
  }
  const worker = await applyDeploy(node, plan, built, isSet(options, 'keep'));
  if (isJson) printJson({ plan, worker });
  else printLine(`${worker.name}  ${worker.status}`);
  return 0;
};
