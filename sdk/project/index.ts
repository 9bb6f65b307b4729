export { type BuiltProject, buildProject, writeBuild } from './build-project.ts';
export { declarationsOf } from './declarations.ts';
export { applyDeploy, type DeployPlan, type FieldChange, planDeploy } from './deploy.ts';
export { type DevEvents, type DevPlan, type DevSession, startDev } from './dev.ts';
export { type GuestTestResult, runGuestTests } from './guest-tests.ts';
export { loadProject, type Project } from './load-project.ts';
export { isTemplate, type TemplateName, TEMPLATES } from './template-table.ts';
export { newProject } from './templates.ts';
export { fetchManifest } from './worker-manifest.ts';
