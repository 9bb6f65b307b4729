/** Limits of reading and writing by lists of buffers. */

/** Vectors in one list of buffers; the customary IOV_MAX. */
export const IOVECS_MAX = 1024;
/** Bytes in one list of buffers: results are 32-bit. */
export const TRANSFER_MAX_BYTES = 0x7fff_ffff;
/** Bytes that one fd_write hands to an output; a longer write is a partial one. */
export const OUTPUT_WRITE_MAX_BYTES = 2 ** 20;
