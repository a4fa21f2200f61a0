import { AppError } from '../../domain/errors.ts'
import { isPlainObject } from '../../domain/event-check.ts'
import { asText } from '../body.ts'

/** @throws AppError unreadable; what the body holds is not repeated. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(asText(body))
  } catch {
    throw new AppError('unreadable', 'The body is not JSON.')
  }
}

/** The list under a name of a JSON object. @throws AppError unreadable. */
export function listIn(parsed: unknown, name: string): unknown[] {
  const list = isPlainObject(parsed) ? parsed[name] : undefined
  if (!Array.isArray(list)) throw new AppError('unreadable', `The body must be {"${name}": […]}.`)
  return list
}

/** As `listIn`, for a list that may be left out. */
export function optionalListIn(parsed: unknown, name: string): unknown[] {
  if (!isPlainObject(parsed)) throw new AppError('unreadable', 'The body must be a JSON object.')
  return parsed[name] == null ? [] : listIn(parsed, name)
}

/** @throws AppError unreadable. */
export function objectIn(body: Uint8Array): Record<string, unknown> {
  const parsed = jsonOf(body)
  if (!isPlainObject(parsed)) throw new AppError('unreadable', 'The body must be a JSON object.')
  return parsed
}

/** The last part of the address, which names what is changed. */
export function idInPath(request: Request): string {
  const id = new URL(request.url).pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(id)
  } catch {
    return id
  }
}
