import type { ParamMatcher } from '@sveltejs/kit'
import { VIEW_IDS } from '$lib/features/views/ids.ts'

export const match = ((param) => (VIEW_IDS as readonly string[]).includes(param)) satisfies ParamMatcher
