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
