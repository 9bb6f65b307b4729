/** What workers and projects may be named. */
export const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const NAME_WORDS = 'lower-case letters, digits and inner hyphens, 1 to 63';
