import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { isTemplate, TEMPLATES } from '../../project/template-table.ts';
import { newProject } from '../../project/templates.ts';
import type { CommandAction } from '../command.ts';
import { textOf } from '../option-values.ts';
import { note, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const NAMES = Object.keys(TEMPLATES);

async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim();
  } finally {
    lines.close();
  }
}

async function askTemplate(): Promise<string> {
  Object.entries(TEMPLATES).forEach(([name, summary], index) => note(`  ${index + 1}  ${name}: ${summary}`));
  const answer = await ask(`template (1 to ${NAMES.length}): `);
  return NAMES[Number(answer) - 1] ?? answer;
}

export const newAction: CommandAction = async ({ args: [given], options }) => {
  const asks = process.stdin.isTTY && process.stderr.isTTY;
  const folder = given ?? (asks ? await ask('name: ') : undefined);
  if (folder === undefined || folder === '') throw new UsageError('a project needs a name');
  const template = textOf(options, 'template') ?? (asks ? await askTemplate() : undefined);
  if (template === undefined) throw new UsageError(`a project needs a template: --template ${NAMES.join(', ')}`);
  if (!isTemplate(template)) throw new UsageError(`there is no template "${template}"; there are ${NAMES.join(', ')}`);
  await newProject(folder, basename(resolve(folder)), template);
  printLine(folder);
  note(`next: cd ${folder} && npm install && npx pluvio dev; README.md has more`);
  return 0;
};
