/** What the READMEs of templates tell of nodes is what their projects need, in the same words everywhere. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { routeScopes } from '../../runtime/node/route-index.ts';
import { projectOf } from './load-project.ts';
import { TEMPLATES } from './template-table.ts';

const fileOf = (template: string, path: string): string =>
  readFileSync(new URL(`../templates/${template}/${path}`, import.meta.url), 'utf8');

/** The part that tells of nodes: its prose, and its commands without what they are explained with. */
function nodePart(template: string): { readonly prose: string; readonly commands: readonly string[] } {
  const [, part = ''] = fileOf(template, 'README.md').split('## On a node\n');
  const [before = '', commands = '', after = ''] = part.split(/^```(?:sh)?\n/m);
  const lines = commands.trimEnd().split('\n');
  return { prose: before + after, commands: lines.map((line) => line.replace(/ +# .*$/, '')) };
}

const [first = ''] = Object.keys(TEMPLATES);

describe.each(Object.keys(TEMPLATES))('the README of %s', (template) => {
  const { prose, commands } = nodePart(template);

  it('starts a node that grants what the project asks for, and answers if it has routes', () => {
    const text = fileOf(template, 'pluvio.json').replaceAll('{{name}}', 'x');
    const { manifest } = projectOf('.', 'pluvio.json', new TextEncoder().encode(text));
    const { capabilities = {}, routes = [] } = manifest;
    const asked = { ...capabilities, ...(routes.length === 0 ? {} : { 'http.inbound': routeScopes(routes) }) };
    const grants = Object.keys(asked).length === 0 ? '' : ` --set 'grants=${JSON.stringify(asked)}'`;
    const ingress = routes.length === 0 ? '' : ' --ingress 127.0.0.1:8080';
    expect(commands[0]).toBe(`npx pluvio node${ingress}${grants}`);
  });

  it('deploys to it, and deletes what it has deployed', () => {
    expect([commands[1], commands.at(-1)]).toEqual(['npx pluvio deploy', 'npx pluvio delete {{name}}']);
  });

  it('says so in the words of the others', () => {
    expect(prose).toContain('Start one in a terminal of its own');
    expect(prose).toBe(nodePart(first).prose);
  });
});
