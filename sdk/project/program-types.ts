/** TypeScript declarations of a program: of its manifest's typed exports, or of its component. */
import type { WorkerManifest } from '../../runtime/bundle/index.ts';
import { programOf } from '../../runtime/component/index.ts';
import { componentDeclarations } from './component-declarations.ts';
import { declarationsOf } from './declarations.ts';

/**
 * The source of a `.d.ts` file. The module is asked for where the manifest has no typed exports.
 * @throws PluvioError `BUNDLE_MANIFEST_INVALID`: a type is none; `COMPONENT_…`
 */
export async function typesOf(
  name: string,
  manifest: WorkerManifest,
  fetchModule: () => Promise<Uint8Array>,
): Promise<string> {
  const isTyped = Object.values(manifest.interface ?? {}).some(({ params }) => params !== undefined);
  if (isTyped) return declarationsOf(manifest);
  const { component } = programOf(await fetchModule());
  return component === undefined ? declarationsOf(manifest) : componentDeclarations(name, component);
}
