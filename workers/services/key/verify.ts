import type { KeyRecord, Scope } from '../../contract/tenant.ts'
import { cellOfKey } from '../../domain/api-key.ts'
import { AppError } from '../../domain/errors.ts'

export interface VerifyDeps {
  sha256(text: string): string
  find(hash: string): Promise<KeyRecord | null>
  now(): number
}

/**
 * The record of a key that is well-formed, known, unexpired and has the scope.
 * @throws AppError unauthenticated or forbidden, never telling whether a key exists.
 */
export async function verifyKey(deps: VerifyDeps, key: string | null, scope: Scope): Promise<KeyRecord> {
  if (key === null || key === '')
    throw new AppError('unauthenticated', 'Send an API key: `Authorization: Bearer ao_…`.')
  // The prefix says where the key was made; where its organization lives now is for the record to say, which is
  // found by the hash of the whole key.
  if (cellOfKey(key) === null)
    throw new AppError('unauthenticated', 'This is not a valid API key. Check that all of it was copied.')
  const record = await deps.find(deps.sha256(key))
  if (record === null) throw new AppError('unauthenticated', 'This API key does not exist or was revoked.')
  if (record.expires_at !== null && record.expires_at <= deps.now())
    throw new AppError('unauthenticated', 'This API key has expired. Make a new one in the project settings.')
  if (!record.scopes.includes(scope)) throw new AppError('forbidden', `This API key lacks the scope "${scope}".`)
  if ((scope === 'ingest' || scope === 'guard') && record.project_id === '')
    throw new AppError(
      'forbidden',
      'This API key stands for an organization: events and reservations need a key of a project.',
    )
  return record
}
