export { BACKUP_DESCRIPTION, backupNode, type BackupOptions, type BackupProgress, restoreNode } from './backup-node.ts';
export { nextCronMs } from './cron.ts';
export { resolveStoreLimits, STORE_LIMITS, type StoreLimitName, type StoreLimits } from './limits.ts';
export { databasePath, openStore, type StoreOptions } from './open-store.ts';
export * from './types.ts';
