import type { AgentEvent } from './contract.ts'
import { GuardDenied } from './guard.ts'

interface ErrorLike {
  name?: unknown
  code?: unknown
  type?: unknown
  status?: unknown
  statusCode?: unknown
  message?: unknown
}

/** What an event says of an error; the server maps names, codes and HTTP statuses to its taxonomy. */
export function failureOf(error: unknown): Pick<AgentEvent, 'status' | 'error_type' | 'error_message'> {
  if (error instanceof GuardDenied)
    return {
      status: 'blocked',
      error_type: error.answer.error_type ?? error.answer.reason ?? 'policy_blocked',
      error_message: error.message,
    }
  const { name, code, type, status, statusCode, message } = (
    typeof error === 'object' && error !== null ? error : { message: String(error) }
  ) as ErrorLike
  const said = [code, type, status, statusCode, name === 'Error' ? undefined : name].find(isName)
  return {
    status: name === 'AbortError' ? 'cancelled' : 'error',
    ...(said !== undefined && { error_type: String(said) }),
    ...(typeof message === 'string' && { error_message: message }),
  }
}

function isName(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value !== '')
}
