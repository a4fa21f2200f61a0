import { AppError } from '../../domain/errors.ts'
import { readBody } from '../body.ts'
import type { Env } from '../env.ts'
import { admitKey } from '../ingest.ts'
import { objectIn } from './json.ts'

/**
 * `POST /v3/auth/token`, of the `agentops` package: a token for the key, with which it sends its spans to `/v1/traces`. The
 * key itself is that token, so that it ends when the key does.
 */
export async function postToken(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { api_key } = objectIn(await readBody(request))
  if (typeof api_key !== 'string')
    throw new AppError('invalid_input', 'The key is missing.', {
      errors: [{ pointer: '/api_key', detail: 'must be an API key' }],
    })
  const { project_id } = await admitKey(api_key, env, ctx)
  return Response.json({ token: api_key, project_id, project_prem_status: 'free' })
}
