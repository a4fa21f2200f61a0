import { error, isHttpError, isRedirect, redirect } from '@sveltejs/kit'
import { ApiError } from './api.ts'
import { signInHref } from './session.ts'

/**
 * Ends a load whose data did not come: signed out leads to sign-in and back again, everything else to
 * the error page, which can say what happened and under which request id.
 */
export function failPage(cause: unknown, url: URL): never {
  if (isRedirect(cause) || isHttpError(cause)) throw cause
  if (!(cause instanceof ApiError)) throw cause
  if (cause.status === 401) redirect(303, signInHref(url))
  const { status, detail, code, instance } = cause.problem
  error(status, { message: detail, code, ...(instance !== '' && { request_id: instance }) })
}
