import type { AbiHost, AbiOptions } from './types.ts';

/**
 * Makes the ABI host of one worker. To take up a snapshot, make a host with the same grants, bind it and call `restore` before anything
 * runs; then give it again what the journal has with seq > `lastSeq`.
 *
 * @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`
 */
export declare function createAbi(options: AbiOptions): AbiHost;
