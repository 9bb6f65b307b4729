/**
 * Enumerations and flags of WASI 0.1 (snapshot_preview1), as tables.
 *
 * Boundary: numbers of the interface only.
 */

const bit = (position: number): number => 1 << position;

/** Rights of a descriptor: bit masks. All of them fit in 30 bits, so rights are numbers here and 64-bit in the guest's memory. */
export const RIGHTS = {
  fd_datasync: bit(0),
  fd_read: bit(1),
  fd_seek: bit(2),
  fd_fdstat_set_flags: bit(3),
  fd_sync: bit(4),
  fd_tell: bit(5),
  fd_write: bit(6),
  fd_advise: bit(7),
  fd_allocate: bit(8),
  path_create_directory: bit(9),
  path_create_file: bit(10),
  path_link_source: bit(11),
  path_link_target: bit(12),
  path_open: bit(13),
  fd_readdir: bit(14),
  path_readlink: bit(15),
  path_rename_source: bit(16),
  path_rename_target: bit(17),
  path_filestat_get: bit(18),
  path_filestat_set_size: bit(19),
  path_filestat_set_times: bit(20),
  fd_filestat_get: bit(21),
  fd_filestat_set_size: bit(22),
  fd_filestat_set_times: bit(23),
  path_symlink: bit(24),
  path_remove_directory: bit(25),
  path_unlink_file: bit(26),
  poll_fd_readwrite: bit(27),
  sock_shutdown: bit(28),
  sock_accept: bit(29),
} as const satisfies Record<string, number>;

export type RightName = keyof typeof RIGHTS;

/** The mask of all rights. */
export const RIGHTS_ALL = Object.values(RIGHTS).reduce((mask, right) => mask | right, 0);

const maskOf = (...names: readonly RightName[]): number => names.reduce((mask, name) => mask | RIGHTS[name], 0);

const SHARED_BY_FILES = ['fd_fdstat_set_flags', 'fd_filestat_get', 'poll_fd_readwrite'] as const;

/** The most rights that a descriptor of each kind can hold: what is not listed has no meaning for it. */
export const RIGHTS_OF_KIND = {
  stdin: maskOf(...SHARED_BY_FILES, 'fd_read'),
  stdout: maskOf(...SHARED_BY_FILES, 'fd_write'),
  stderr: maskOf(...SHARED_BY_FILES, 'fd_write'),
  file: maskOf(
    ...SHARED_BY_FILES,
    ...(['fd_datasync', 'fd_read', 'fd_seek', 'fd_sync', 'fd_tell', 'fd_write', 'fd_advise', 'fd_allocate'] as const),
    ...(['fd_filestat_set_size', 'fd_filestat_set_times'] as const),
  ),
  directory: maskOf(
    ...([
      'fd_fdstat_set_flags',
      'fd_sync',
      'fd_datasync',
      'fd_readdir',
      'fd_filestat_get',
      'fd_filestat_set_times',
    ] as const),
    ...(['path_create_directory', 'path_create_file', 'path_link_source', 'path_link_target', 'path_open'] as const),
    ...(['path_readlink', 'path_rename_source', 'path_rename_target', 'path_filestat_get'] as const),
    ...(['path_filestat_set_size', 'path_filestat_set_times', 'path_symlink', 'path_remove_directory'] as const),
    ...(['path_unlink_file'] as const),
  ),
} as const;

/** Rights that a path_open must not ask for on a directory. */
export const RIGHTS_TO_WRITE = maskOf('fd_write', 'fd_allocate', 'fd_filestat_set_size');

export const FILETYPE = {
  unknown: 0,
  character_device: 2,
  directory: 3,
  regular_file: 4,
  symbolic_link: 7,
} as const;

export const FDFLAGS = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const;
export const FDFLAGS_ALL = 31;

export const OFLAGS = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const;
export const OFLAGS_ALL = 15;

export const LOOKUPFLAGS = { symlink_follow: 1 } as const;

export const FSTFLAGS = { atim: 1, atim_now: 2, mtim: 4, mtim_now: 8 } as const;
export const FSTFLAGS_ALL = 15;

export const CLOCKID = { realtime: 0, monotonic: 1, process_cputime_id: 2, thread_cputime_id: 3 } as const;

export const EVENTTYPE = { clock: 0, fd_read: 1, fd_write: 2 } as const;
export const EVENTRWFLAGS = { hangup: 1 } as const;
export const SUBCLOCKFLAGS = { abstime: 1 } as const;

/** How many values the `advice` enumeration has (normal, sequential, random, willneed, dontneed, noreuse). */
export const ADVICE_COUNT = 6;

export const PREOPENTYPE_DIR = 0;

/** What a signal does to a program that handles none, by number (`signal` enumeration, 0 none to 30 sys). */
export const SIGNAL_ACTIONS = [
  ...[
    'ignore',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
    'end',
  ],
  ...['ignore', 'ignore', 'stop', 'stop', 'stop', 'stop', 'ignore', 'end', 'end', 'end', 'end', 'ignore', 'end', 'end'],
  'end',
] as const;
