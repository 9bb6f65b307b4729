export {
  chainRights,
  createToken,
  decodeToken,
  narrowToken,
  type TokenParts,
  type TokenRequest,
} from './capability-tokens.ts';
export {
  generateSigningKey,
  keyIdOf,
  parsePublicKey,
  publicKeyText,
  readKeyFile,
  type SigningKey,
  writeKeyFile,
} from './ed25519-keys.ts';
export { checkReach, checkVerb, type Identity, isNarrowed, reaches, type WorkerOfTenant } from './identity.ts';
export { IDENTITY_FILE, NodeIdentity, openNodeIdentity } from './node-identity.ts';
export { type Revocation, Revocations, REVOCATIONS_FILE, revoke } from './revocations.ts';
export { TOKEN_LIMITS, type TokenClaims } from './token-claims.ts';
export { type TokenIssuer, TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts';
export { ALL_VERBS, isVerb, NARROWED_OPERATIONS, type Verb, verbOf, VERBS } from './verbs.ts';
export { AtRestKeys, isEncrypted, readAtRestKeys } from './at-rest.ts';
export { type AuditSummary, rotatedFiles, verifyAuditLog } from './audit-files.ts';
export { type AuditEntry, AuditLog, type AuditLogOptions } from './audit-log.ts';
export { type Capabilities, checkGrants, type GrantTable, missingGrants } from './grants.ts';
export {
  generateSealingKey,
  openStream,
  SEAL_CHUNK_BYTES,
  SEALED_HEAD_BYTES,
  sealedTo,
  type SealingKey,
  sealingKeyId,
  sealingKeyOf,
  sealStream,
} from './sealing.ts';
export { MoveSeal, type OfferedSeal, sealBundle, sealMove, SEAL_POLICIES, type SealPolicy } from './move-seal.ts';
export { peerAgent, peerConnect, pinOf, readTlsServer, type TlsPeerOptions, type TlsServerOptions } from './tls.ts';
export { type Deployment, type Publisher, PublisherPolicy } from './trust.ts';
export { type NodeSecurity, openNodeSecurity, type SecurityPlace, type SecuritySettings } from './node-security.ts';
export { Secrets } from './secrets-file.ts';
export {
  openSealingKey,
  SEALING_KEY_FILE,
  type ShownSealingKey,
  shownSealingKey,
  trustedSealingKey,
} from './sealing-key.ts';
