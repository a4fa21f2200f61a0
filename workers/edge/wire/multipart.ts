import type { RunMessage } from '../../domain/wire/langsmith.ts'
import { AppError } from '../../domain/errors.ts'

/** What a run's own part leaves out: `post.<id>.inputs`, `.outputs`, … */
const FIELDS = new Set(['inputs', 'outputs', 'extra', 'error', 'events', 'serialized'])
const PARTS_MAX = 50_000

/**
 * The runs of a multipart form as LangSmith's clients send it: a JSON part `post.<id>` or `patch.<id>` for each run, and
 * one for each large field of it. Attachments and feedback are passed over. @throws AppError unreadable.
 */
export async function runsOfForm(body: Uint8Array, contentType: string): Promise<RunMessage[]> {
  const runs = new Map<string, { isPatch: boolean; run: Record<string, unknown> }>()
  let parts = 0
  for (const [name, value] of await formOf(body, contentType)) {
    if (++parts > PARTS_MAX) throw new AppError('too_large', `More than ${PARTS_MAX} parts in one request.`)
    const match = /^(post|patch)\.([^.]+)(?:\.(\w+))?$/.exec(name)
    if (!match) continue
    const [, method = '', id = '', field] = match
    const key = `${method}.${id}`
    const known = runs.get(key) ?? { isPatch: method === 'patch', run: { id } }
    runs.set(key, known)
    const json = parsed(name, typeof value === 'string' ? value : await value.text())
    if (field !== undefined) {
      if (FIELDS.has(field)) known.run[field] = json
    } else if (typeof json === 'object' && json !== null) known.run = { ...json, ...known.run }
  }
  return [...runs.values()]
}

async function formOf(body: Uint8Array, contentType: string): Promise<FormData> {
  try {
    return await new Response(body, { headers: { 'content-type': contentType } }).formData()
  } catch (error) {
    throw new AppError(
      'unreadable',
      'The body is not a multipart form with the boundary that its Content-Type names.',
      {
        cause: error,
      },
    )
  }
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new AppError('unreadable', `The part "${name.slice(0, 80)}" is not JSON.`)
  }
}
