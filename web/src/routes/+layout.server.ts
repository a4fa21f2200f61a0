import type { LayoutServerLoad } from './$types'

export const load: LayoutServerLoad = ({ locals }) => ({
  me: locals.me,
  theme: locals.theme,
  zone: locals.zone,
  printing: locals.printing,
})
