export { createAbi } from './abi-host.ts';
export { WASM_TYPES } from './bind-calls.ts';
export {
  CAPABILITIES,
  type CapabilityName,
  type RequiredCapability,
  requiredCapabilities,
  scopeMeaning,
} from './capabilities.ts';
export { ABI_ERRORS, type AbiErrorName } from './error-codes.ts';
export { HOST_CALLS, type HostCallName, type HostCallRow, type Param } from './host-call-table.ts';
export { ABI_LIMITS, type AbiLimitName, type AbiLimits } from './limits.ts';
export { Rate } from './rates.ts';
export { withStorage } from './stored-part.ts';
export * from './types.ts';
export { coversUrl, parseHttpUrl } from './url-scopes.ts';
