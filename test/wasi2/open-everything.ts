/** A component of which something of most kinds is open, in the midst of things. */
import type { Resource } from '../../runtime/host/component/component-host.ts';
import { bytesOf, HandComponent } from './hand-component.ts';

export const FILES = { 'a.txt': bytesOf('hello world'), 'd/b.txt': bytesOf('deep') };

const MS = 1_000_000n;
/** Clocks that stand still. */
export const CLOCK = { realtimeNs: () => 1_700_000_000_000n * MS, monotonicNs: () => 5n * MS };

/** The resources, in the order of their names. */
export function openEverything(): { component: HandComponent; resources: readonly Resource[] } {
  const component = new HandComponent({
    files: FILES,
    args: ['prog', 'x'],
    env: { HOME: '/' },
    stdin: 'one two',
    clock: CLOCK,
  });
  const ok = (of: string, name: string, ...args: readonly unknown[]): Resource =>
    component.ok(of, name, ...args) as Resource; // as WIT says, here and below
  const [[root] = []] = component.call('filesystem/preopens', 'get-directories') as [Resource, string][];
  const open = { create: true, directory: false, exclusive: false, truncate: false };
  const access = { read: true, write: true, mutateDirectory: false };
  const file = ok('filesystem/types', '[method]descriptor.open-at', root, { symlinkFollow: true }, 'new', open, access);
  component.ok('filesystem/types', '[method]descriptor.write', file, bytesOf('written'), 0n);
  const input = ok('filesystem/types', '[method]descriptor.read-via-stream', file, 2n);
  const output = ok('filesystem/types', '[method]descriptor.append-via-stream', file);
  component.ok('io/streams', '[method]output-stream.check-write', output);
  const entries = ok('filesystem/types', '[method]descriptor.read-directory', root);
  component.ok('filesystem/types', '[method]directory-entry-stream.read-directory-entry', entries);
  const stdin = component.resource('cli/stdin', 'get-stdin');
  component.ok('io/streams', '[method]input-stream.read', stdin, 4n);
  const stdout = component.resource('cli/stdout', 'get-stdout');
  const fields = ok('http/types', '[static]fields.from-list', [['a', bytesOf('b')]]);
  const response = component.resource('http/types', '[constructor]outgoing-response', fields);
  const body = ok('http/types', '[method]outgoing-response.body', response);
  const stream = ok('http/types', '[method]outgoing-body.write', body);
  component.ok('io/streams', '[method]output-stream.blocking-write-and-flush', stream, bytesOf('held'));
  const resources = [
    root!,
    file,
    input,
    output,
    entries,
    stdin,
    stdout,
    fields,
    response,
    body,
    stream,
    component.resource('io/streams', '[method]input-stream.subscribe', input),
    component.resource('clocks/monotonic-clock', 'subscribe-duration', 10n * MS),
    component.resource('cli/terminal-stdout', 'get-terminal-stdout'),
    component.resource('sockets/instance-network', 'instance-network'),
    component.resource('http/types', '[constructor]request-options'),
  ];
  return { component, resources };
}
