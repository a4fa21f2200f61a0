import type { IconName } from '../icons.ts'
import { PAGE_KEYS, type PagePath } from './page-keys.ts'

export interface NavItem {
  label: string
  icon: IconName
  href: string
  current: boolean
  /** What is pressed to come here: "g t". */
  keys: string
}

const PAGES: { label: string; icon: IconName; path: PagePath }[] = [
  { label: 'Overview', icon: 'overview', path: '/overview' },
  { label: 'Operations', icon: 'operations', path: '/operations' },
  { label: 'Product', icon: 'product', path: '/product' },
  { label: 'Finance', icon: 'finance', path: '/finance' },
  { label: 'Governance', icon: 'governance', path: '/governance' },
  { label: 'Dashboards', icon: 'dashboards', path: '/dashboards' },
  { label: 'Traces', icon: 'traces', path: '/traces' },
  { label: 'Live', icon: 'live', path: '/live' },
  { label: 'Budgets', icon: 'budgets', path: '/budgets' },
  { label: 'Alerts', icon: 'alerts', path: '/alerts' },
  { label: 'Objectives', icon: 'objectives', path: '/slos' },
  { label: 'Connect', icon: 'link', path: '/connect' },
  { label: 'Settings', icon: 'settings', path: '/settings' },
]

/** The rail's links. Each keeps the project that the URL names; the page one is on is marked. */
export function navItems(org: string, pathname: string, search: string): NavItem[] {
  const base = `/${org}`
  return PAGES.map(({ label, icon, path }) => {
    const at = base + path
    const current = pathname === at || pathname.startsWith(`${at}/`)
    return { label, icon, href: at + search, current, keys: `g ${PAGE_KEYS[path]}` }
  })
}

/** The same page for another project: what names one thing of the present project is left behind.
 * A dashboard is of all of them. */
export function switchedPath(pathname: string): string {
  const [, org = '', section = 'overview', sub] = pathname.split('/')
  return (section === 'settings' || section === 'dashboards') && sub
    ? `/${org}/${section}/${sub}`
    : `/${org}/${section}`
}
