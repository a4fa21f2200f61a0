import { catalogue } from '$lib/features/views/catalogue.ts'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = () => ({ groups: catalogue() })
