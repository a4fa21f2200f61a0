import type { NavItem } from './nav.ts'

export type PageDeed = 'search' | 'range' | 'sheet'

/** A key, or keys one after the other, and what they do. */
export interface Shortcut {
  keys: string
  label: string
  group: 'Go to' | 'On this page' | 'Anywhere'
  does: { href: string } | { deed: PageDeed }
}

const DEEDS: Shortcut[] = [
  { keys: '/', label: 'Search or filter', group: 'On this page', does: { deed: 'search' } },
  { keys: 't', label: 'Choose the time range', group: 'On this page', does: { deed: 'range' } },
  { keys: '?', label: 'Show these shortcuts', group: 'Anywhere', does: { deed: 'sheet' } },
]

/** Every shortcut of plain keys: the pages of the rail, and what a page has. */
export function shortcutsOf(nav: readonly NavItem[]): Shortcut[] {
  const pages = nav.map(({ keys, label, href }): Shortcut => ({ keys, label, group: 'Go to', does: { href } }))
  return [...pages, ...DEEDS]
}

/** "g t" in words, for titles and screen readers. */
export function keysInWords(keys: string): string {
  return keys.split(' ').join(' then ')
}
