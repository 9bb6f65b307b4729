/** A project from `pluvio new` to a worker that has moved and is deleted. */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installedPackage } from '../installed-package.ts';
import { pluvio, ROOT } from './command.ts';
import type { TemplateTrip } from './template-trips.ts';
import { Stopwatch, type Times } from './times.ts';
import type { TwoNodes } from './two-nodes.ts';

/** Calls with an empty folder, which goes after it. */
export async function inFolder<Value>(run: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-template-'));
  try {
    return await run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `npm install` makes of a dependency on a folder, and of one more package. */
export async function linkPackage(project: string, more?: string): Promise<void> {
  const modules = join(project, 'node_modules');
  await mkdir(modules);
  await symlink(ROOT, join(modules, 'pluvio'), 'dir');
  if (more === undefined) return;
  const [scope = ''] = more.split('/');
  await symlink(join(installedPackage(more), scope), join(modules, scope), 'dir');
}

const lockOf = (project: string): Promise<string> => readFile(join(project, 'pluvio.lock'), 'utf8');

/** Takes a project of a template through its life. @throws Error where something does not hold */
export function travel(
  template: string,
  { ask, differs, package: more }: TemplateTrip,
  [first, second]: TwoNodes,
): Promise<Times> {
  const watch = new Stopwatch();
  return inFolder(async (folder) => {
    const name = `trip-${template}`;
    await watch.step('new', () => pluvio(folder, 'new', name, '--template', template));
    const project = join(folder, name);
    await linkPackage(project, more);
    await watch.step('build', () => pluvio(project, 'build'));
    const lock = await lockOf(project);
    await rm(join(project, 'build'), { recursive: true });
    await watch.step('again', () => pluvio(project, 'build'));
    if (differs !== true) assert.equal(await lockOf(project), lock, 'the second build has other digests');
    await watch.step('test', () => pluvio(project, 'test'));
    await watch.step('deploy', () => pluvio(project, 'deploy', '--node', first.url));
    await watch.step('call', () => ask(first, name, false, project));
    await watch.step('move', () => pluvio(project, 'move', name, second.url, '--node', first.url));
    await watch.step('call again', () => ask(second, name, true, project));
    await watch.step('delete', () => pluvio(project, 'delete', name, '--node', second.url));
    await assert.rejects(second.client.workers.get(name), { code: 'WORKER_NOT_FOUND' });
    return watch.times;
  });
}
