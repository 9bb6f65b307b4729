export {
  type BlobSource,
  type BlobStore,
  blobNotFound,
  mapSource,
  memoryBlobStore,
  storeSource,
} from './blob-store.ts';
export { type BlobFrame, readBlobStream, writeBlobStream } from './blob-stream.ts';
export type {
  Bundle,
  CheckpointPolicy,
  Encoding,
  ExportInterface,
  FileMount,
  NamedType,
  Priority,
  Route,
  ServiceLevel,
  WorkerManifest,
} from './bundle.ts';
export { checkpointPeriodMs } from './manifest-service.ts';
export { type BundleCodecs, webCodecs } from './codecs.ts';
export { encodeCoredump } from './coredump.ts';
export { type Digest, digestOf, equalBytes, isDigest, parseDigest } from './digest.ts';
export { readDrop, writeDrop } from './drop.ts';
export { BUNDLE_LIMITS, type BundleLimitName, type BundleLimits } from './limits.ts';
export { BUNDLE_ARTIFACT_TYPE, LAYERS, OCI_MANIFEST_TYPE } from './media-types.ts';
export type { GroupCache, MemoryGroup } from './memory-groups.ts';
export { packBundle, type PackedBundle, type PackOptions } from './pack.ts';
export {
  type Credential,
  type CredentialSource,
  parseReference,
  pullBundle,
  type Pulled,
  type PullOptions,
  pushBundle,
  type Pushed,
  type PushOptions,
  REGISTRY_LIMITS,
  type RegistryAccess,
  type RegistryLimits,
  type RegistryReference,
} from './registry/index.ts';
export {
  type BundleSignature,
  checkTrust,
  decodeSignature,
  encodeSignature,
  generateKeyPair,
  type KeyPair,
  signManifest,
  type TrustPolicy,
  verifySignature,
} from './signature.ts';
export { type KnownChunks } from './shared-memory.ts';
export { listBlobs, unpackBundle } from './unpack.ts';
export { checkWorkerManifest, decodeWorkerManifest, encodeWorkerManifest } from './worker-manifest.ts';
