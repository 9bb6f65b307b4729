export { createAbi } from './abi-host.ts';
export { CAPABILITIES, type CapabilityName, type RequiredCapability, requiredCapabilities } from './capabilities.ts';
export { ABI_ERRORS, type AbiErrorName } from './error-codes.ts';
export { HOST_CALLS, type HostCallName } from './host-call-table.ts';
export { ABI_LIMITS, type AbiLimitName, type AbiLimits } from './limits.ts';
export type * from './types.ts';
export { coversUrl, parseHttpUrl } from './url-scopes.ts';
