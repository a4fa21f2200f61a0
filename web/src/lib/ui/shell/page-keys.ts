/**
 * The letter that follows `g` to open a page of the rail. Rail, palette, sheet and keyboard all read this
 * table, and a page without a letter does not compile.
 */
export const PAGE_KEYS = {
  '/overview': 'o',
  '/operations': 'e',
  '/product': 'p',
  '/finance': 'f',
  '/governance': 'v',
  '/dashboards': 'd',
  '/traces': 't',
  '/live': 'l',
  '/budgets': 'b',
  '/alerts': 'a',
  '/slos': 'j',
  '/connect': 'c',
  '/settings': 's',
} as const

export type PagePath = keyof typeof PAGE_KEYS
