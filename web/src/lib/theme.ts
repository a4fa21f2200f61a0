export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]
export const THEME_COOKIE = 'agentops_theme'
export const ZONE_COOKIE = 'agentops_zone'
const YEAR_S = 365 * 86_400

/** The theme that a cookie names; anything else follows the system. */
export function parseTheme(value: string | undefined): Theme {
  return THEMES.find((theme) => theme === value) ?? 'system'
}

/** A cookie that the browser keeps for a year, as `document.cookie` takes it. */
export function preferenceCookie(name: string, value: string, secure: boolean): string {
  return `${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR_S}; samesite=lax${secure ? '; secure' : ''}`
}
