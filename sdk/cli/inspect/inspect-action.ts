import type { CommandAction } from '../command.ts';
export const inspectAction: CommandAction = () => Promise.resolve(0);
