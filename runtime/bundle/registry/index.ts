export { annotationName, prepareForPush, type PushedBundle } from './annotations.ts';
export { type BundleDocument, SBOM_TYPES, sbomType, SIGNATURE_TYPE } from './artifact.ts';
export type { Credential, CredentialSource } from './authorizer.ts';
export { REGISTRY_LIMITS, type RegistryLimitName, type RegistryLimits } from './limits.ts';
export { type Pulled, pullBundle, pullDocument, type PullOptions } from './pull.ts';
export { fetchKnownChunks } from './known-chunks.ts';
export { pushBundle, type Pushed, type PushOptions } from './push.ts';
export {
  isLoopback,
  isReference,
  originOf,
  parseReference,
  type RegistryReference,
  referenceText,
} from './reference.ts';
export type { RegistryAccess, RegistryFetch } from './session.ts';
