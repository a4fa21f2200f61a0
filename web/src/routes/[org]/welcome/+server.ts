import { redirect } from '@sveltejs/kit'
import type { RequestHandler } from './$types'

/** Where this page was before it had every client; links to it are in bookmarks and mails. */
export const GET: RequestHandler = ({ params, url }) =>
  redirect(308, `/${encodeURIComponent(params.org)}/connect${url.search}`)
