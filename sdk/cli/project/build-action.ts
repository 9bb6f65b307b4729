import { buildProject, writeBuild } from '../../project/build-project.ts';
import { loadProject } from '../../project/load-project.ts';
import type { CommandAction } from '../command.ts';
import { formatOf, isSet } from '../option-values.ts';
import { note, printFields, printJson, sizeText, timeText } from '../terminal.ts';

export const buildAction: CommandAction = async ({ args: [folder = '.'], options }) => {
  const startMs = performance.now();
  const project = await loadProject(folder);
  const built = await buildProject(project);
  const { modulePath, bundlePath } = await writeBuild(project, built, isSet(options, 'locked'));
  for (const text of built.notes) note(text);
  const { module, bundle } = built.lock;
  if (formatOf(options) === 'json') printJson({ name: project.name, module, bundle, modulePath, bundlePath });
  else {
    printFields([
      ['module', `${modulePath}  ${sizeText(built.bundle.module.length)}`],
      ['bundle', `${bundlePath}  ${bundle}`],
    ]);
    note(`built in ${timeText(performance.now() - startMs)}`);
  }
  return 0;
};
