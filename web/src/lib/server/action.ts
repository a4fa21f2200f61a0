import { fail, type ActionFailure } from '@sveltejs/kit'
import { ApiError } from '$lib/api.ts'

export interface Refusal {
  detail: string
  request_id: string
}

/** What a form gets back when the API refuses. Anything else is a fault of ours and is thrown on. */
export function refusal(error: unknown): ActionFailure<{ refusal: Refusal }> {
  if (!(error instanceof ApiError)) throw error
  return fail(error.status, { refusal: { detail: error.problem.detail, request_id: error.requestId } })
}

/** A text field of a form, trimmed. */
export function field(form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}
