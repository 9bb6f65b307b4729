export { dockerConfigPath, dockerCredentials, type DockerCredentialOptions } from './docker-config.ts';
export { NodeRegistries, PULL_LIMITS, type RegistrySettings } from './node-registries.ts';
export { openRegistryFetch, type OpenRegistryFetch, type RegistryFetchOptions } from './registry-fetch.ts';
export { ruleFault } from './registry-rules.ts';
export { takeReference } from './take-reference.ts';
