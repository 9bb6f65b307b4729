export { coreModuleOf } from './core-module.ts';
export { decodeComponent, isComponent } from './decode-component.ts';
export { resolveComponent } from './resolve.ts';
export type { Component } from './definitions.ts';
export type { ComponentExport, ResolvedComponent } from './resolved.ts';
