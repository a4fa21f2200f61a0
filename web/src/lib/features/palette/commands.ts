import type { Role } from '../../../../../workers/contract/api.ts'
import { roleMay, type Permission } from '../../../../../workers/contract/permissions.ts'
import { SETTINGS_GROUPS } from '../../settings-pages.ts'
import type { IconName } from '../../ui/icons.ts'
import type { Command } from '../../ui/palette/match.ts'
import type { NavItem } from '../../ui/shell/nav.ts'

/** Something to switch to. */
interface Choice {
  id: string
  name: string
  note?: string
  href: string
}

/** Where one is, and what one may see there. */
export interface PaletteScope {
  org: { id: string; slug: string; role: Role }
  orgs: Choice[]
  /** What pages are about; on a view of all projects, the one that others would open with. */
  project: string
  projects: Choice[]
  /** The one that the view shows; null when it shows all of them. */
  shown: string | null
  nav: NavItem[]
  /** What links carry on: "?project=…", or nothing. */
  search: string
}

interface SubPage {
  path: string
  label: string
  icon: IconName
  permission: Permission
  words?: string
}

/** Pages that stand behind those of the rail. */
const SUB_PAGES: SubPage[] = [
  {
    path: '/budgets/controls',
    label: 'Run-time controls',
    icon: 'budgets',
    permission: 'control.read',
    words: 'limits circuit breakers',
  },
  { path: '/alerts/rules', label: 'Alert rules', icon: 'alerts', permission: 'alert.read' },
  { path: '/alerts/rules/new', label: 'New alert rule', icon: 'plus', permission: 'alert.write', words: 'create make' },
  { path: '/alerts/silences', label: 'Silences', icon: 'alerts', permission: 'alert.read', words: 'maintenance mute' },
  {
    path: '/alerts/channels',
    label: 'Alert channels',
    icon: 'alerts',
    permission: 'channel.read',
    words: 'slack pagerduty webhooks mail',
  },
  { path: '/dashboards/new', label: 'New dashboard', icon: 'plus', permission: 'view.write', words: 'create make' },
  {
    path: '/reports',
    label: 'Scheduled reports',
    icon: 'dashboards',
    permission: 'report.read',
    words: 'mail pdf png daily weekly monthly',
  },
  { path: '/slos/new', label: 'New objective', icon: 'plus', permission: 'slo.write', words: 'create make slo' },
  { path: '/settings/new-project', label: 'New project', icon: 'plus', permission: 'org.write', words: 'create make' },
]

const PAGE_WORDS: Record<string, string> = {
  Objectives: 'slo error budgets',
  Alerts: 'incidents',
  Live: 'feed tail',
  Connect: 'send an event welcome start sdk opentelemetry clients',
}

/** What can be chosen without asking the API. A page that the role may not open is not among it. */
export function standingCommands(scope: PaletteScope): Command[] {
  return [...pages(scope), ...projects(scope), ...organizations(scope), ...morePages(scope)]
}

function pages({ org, nav }: PaletteScope): Command[] {
  return nav.map(({ label, icon, href, keys }) => ({
    id: `page:${href.slice(org.slug.length + 1).split('?')[0]}`,
    label,
    group: 'Pages',
    icon,
    keys,
    ...(PAGE_WORDS[label] && { words: PAGE_WORDS[label] }),
    does: { href },
  }))
}

function morePages({ org, search }: PaletteScope): Command[] {
  const settings = SETTINGS_GROUPS.flatMap(({ pages: own }) =>
    own.map(({ path, label, permission }): SubPage & { detail: string } => ({
      path: `/settings/${path}`,
      label,
      icon: 'settings',
      permission,
      detail: 'Settings',
    })),
  )
  const within = [...SUB_PAGES.map((page) => ({ ...page, detail: undefined })), ...settings]
    .filter(({ permission }) => roleMay(org.role, permission))
    .map(({ path, label, icon, words, detail }): Command => ({
      id: `page:${path}`,
      label,
      group: 'More pages',
      icon,
      ...(words !== undefined && { words }),
      ...(detail !== undefined && { detail }),
      does: { href: `/${org.slug}${path}${search}` },
    }))
  const own: Command[] = [
    {
      id: 'page:/account',
      label: 'Your account',
      group: 'More pages',
      icon: 'person',
      words: 'password passkeys sessions second factor',
      does: { href: '/account' },
    },
    {
      id: 'page:/new',
      label: 'New organization',
      group: 'More pages',
      icon: 'plus',
      words: 'create make',
      does: { href: '/new' },
    },
  ]
  return [...within, ...own]
}

function projects({ projects: all, shown }: PaletteScope): Command[] {
  return all
    .filter(({ id }) => id !== shown)
    .map(({ id, name, href }) => ({
      id: `project:${id}`,
      label: name,
      group: 'Projects',
      icon: 'project',
      words: 'switch project',
      does: { href },
    }))
}

function organizations({ orgs, org }: PaletteScope): Command[] {
  return orgs
    .filter(({ id }) => id !== org.id)
    .map(({ id, name, note, href }) => ({
      id: `org:${id}`,
      label: name,
      group: 'Organizations',
      icon: 'organization',
      words: 'switch organization',
      ...(note !== undefined && { detail: note }),
      does: { href },
    }))
}

/** What can be done from anywhere. */
export type Deed = 'dark' | 'light' | 'system' | 'copy' | 'shortcuts' | 'sign-out'

/** The deeds; of the colours, those that would change something. */
export function deedCommands(theme: { isDark: boolean; isSystem: boolean }): Command[] {
  const deed = (act: Deed, label: string, icon: IconName, words: string, keys?: string): Command => ({
    id: `do:${act}`,
    label,
    group: 'Actions',
    icon,
    words,
    ...(keys !== undefined && { keys }),
    does: { act },
  })
  return [
    theme.isDark
      ? deed('light', 'Use light colours', 'sun', 'toggle theme colors mode')
      : deed('dark', 'Use dark colours', 'moon', 'toggle theme colors mode'),
    ...(theme.isSystem ? [] : [deed('system', 'Use the system’s colours', 'system', 'theme colors mode')]),
    deed('copy', 'Copy a link to this view', 'link', 'share url address'),
    deed('shortcuts', 'Keyboard shortcuts', 'keyboard', 'keys help', '?'),
    deed('sign-out', 'Sign out', 'exit', 'log out leave'),
  ]
}

/** The address of a view that shows the same to a colleague, whose first project may be another one. */
export function sharedLink(address: string, { shown }: Pick<PaletteScope, 'shown'>): string {
  const link = new URL(address)
  if (shown !== null && !link.searchParams.has('project')) link.searchParams.set('project', shown)
  return link.href
}

/** Leads to the traces that contain this text; of the range that the page shows, if it shows one. */
export function searchCommand(
  text: string,
  { org, search }: Pick<PaletteScope, 'org' | 'search'>,
  view: URLSearchParams,
): Command {
  const query = new URLSearchParams(search)
  for (const name of ['range', 'from', 'to']) {
    const value = view.get(name)
    if (value !== null) query.set(name, value)
  }
  if (!query.has('range') && !query.has('from')) query.set('range', '7d')
  query.set('q', text)
  return {
    id: 'search:traces',
    label: `Search traces for “${text}”`,
    group: 'Search',
    icon: 'search',
    does: { href: `/${org.slug}/traces?${query}` },
  }
}
