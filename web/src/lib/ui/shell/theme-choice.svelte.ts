import { preferenceCookie, THEME_COOKIE, type Theme } from '$lib/theme.ts'

/**
 * What was chosen since the page came, for every switch of the page. Only handlers in the browser set it, so
 * that the server, which serves many people, always reads what the cookie says.
 */
export const themeChoice = $state<{ chosen: Theme | null }>({ chosen: null })

export function chooseTheme(next: Theme): void {
  themeChoice.chosen = next
  document.documentElement.dataset['theme'] = next
  document.cookie = preferenceCookie(THEME_COOKIE, next, location.protocol === 'https:')
}

/** Whether the page is dark now, by choice or by the system. */
export function isDark(theme: Theme): boolean {
  const now = themeChoice.chosen ?? theme
  return now === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : now === 'dark'
}
