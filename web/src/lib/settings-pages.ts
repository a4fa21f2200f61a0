import type { Permission } from '../../../workers/contract/permissions.ts'

/** A page of the settings. */
export interface SettingsPage {
  path: string
  label: string
  /** What a role needs for the page to show anything. */
  permission: Permission
}

/** The settings, as their navigation groups them. */
export const SETTINGS_GROUPS: { name: string; pages: SettingsPage[] }[] = [
  {
    name: 'Organization',
    pages: [
      { path: 'organization', label: 'Organization', permission: 'org.read' },
      { path: 'members', label: 'Members', permission: 'member.read' },
      { path: 'roles', label: 'Roles', permission: 'org.read' },
      { path: 'sso', label: 'Single sign-on', permission: 'sso.write' },
      { path: 'principals', label: 'Service principals', permission: 'key.read' },
      { path: 'region', label: 'Region', permission: 'org.read' },
      { path: 'prices', label: 'Models and prices', permission: 'telemetry.read' },
    ],
  },
  {
    name: 'Project',
    pages: [
      { path: 'project', label: 'Project', permission: 'org.read' },
      { path: 'keys', label: 'API keys', permission: 'key.read' },
      { path: 'retention', label: 'Retention', permission: 'org.read' },
      { path: 'dead-letters', label: 'Dead letters', permission: 'telemetry.read' },
    ],
  },
  {
    name: 'Data and records',
    pages: [
      { path: 'privacy', label: 'Privacy', permission: 'erasure.read' },
      { path: 'export', label: 'Export', permission: 'export.write' },
      { path: 'audit', label: 'Audit log', permission: 'audit.read' },
    ],
  },
]
