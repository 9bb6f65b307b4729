export { configDocument } from './config-doc.ts';
export { configSchema } from './config-schema.ts';
export { type ConfigSources, loadConfig, type LoadedConfig, type ValueOrigin } from './load-config.ts';
export { nodeOptionsOf } from './node-options.ts';
export { securitySettingsOf } from './security-settings.ts';
export type { SettingRow, SettingSource } from './setting.ts';
export {
  type ConfigValues,
  type GrantedCapabilities,
  type IssuerSettings,
  type PublisherSettings,
  SETTING_ROWS,
  type SettingName,
  SETTINGS,
  type TenantSettings,
  type TokenSettings,
} from './settings-table.ts';
