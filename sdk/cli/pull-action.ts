/** `pull`: a bundle of a registry into a file. */
import { parseReference, pullDocument, SBOM_TYPES } from '../../runtime/bundle/registry/index.ts';
import { encodeSignature } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { type CommandAction, EXIT } from './command.ts';
import { pullProgram } from './local/program-file.ts';
import { fileAndFormatOf, textOf } from './option-values.ts';
import { registryAccess } from './registry-access.ts';
import { note, printJson, printLine, sizeText } from './terminal.ts';
import { writeFileWhole } from './whole-file.ts';

export const pullAction: CommandAction = async ({ args: [text = ''], options }) => {
  const { file, format } = fileAndFormatOf(options);
  const reference = parseReference(text);
  const path = file ?? `${reference.repository.split('/').at(-1) ?? ''}.drop`;
  const sbom = textOf(options, 'sbom');
  const pulled = await pullProgram(text, options);
  const { digest, bundle, signature } = pulled;
  if (sbom !== undefined) {
    const access = { ...registryAccess(options, reference), codecs: nodeCodecs };
    await writeFileWhole(sbom, [(await pullDocument(reference, digest, SBOM_TYPES, access)).bytes]);
  }
  const fileBytes = await writeFileWhole(path, pulled.content());
  const signer = signature === undefined ? null : (encodeSignature(signature).split('.')[0] ?? null);
  const hasSnapshot = bundle.snapshot !== undefined;
  if (format === 'json')
    printJson({ digest, name: bundle.manifest.name, file: path, sbom: sbom ?? null, fileBytes, hasSnapshot, signer });
  else printLine(digest);
  const goesOn = hasSnapshot ? 'resume' : 'run';
  note(
    `${path} holds "${bundle.manifest.name}" (${sizeText(fileBytes)}), ${signer === null ? 'unsigned' : `signed by ${signer}`}; it goes on with: pluvio ${goesOn} ${path}`,
  );
  return EXIT.ok;
};
