import { keyInHeaders } from '../../domain/credential.ts'
import { fromBraintrust } from '../../domain/wire/braintrust.ts'
import { isPlainObject } from '../../domain/event-check.ts'
import { BODY_BYTES_MAX, readBody } from '../body.ts'
import type { Env } from '../env.ts'
import { admitKey } from '../ingest.ts'
import { assertAnyTaken, receiptHeaders, refusalsOf } from './answer.ts'
import { jsonOf, listIn } from './json.ts'
import { postWire } from './post.ts'

/** `POST /api/apikey/login`: of which organization a key is, and where its rows go. */
export async function postLogin(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { org_id } = await admitKey(keyInHeaders(request.headers), env, ctx)
  const here = new URL(request.url).origin
  // Without `collect: none` the client would send names of branches and people's addresses.
  const organization = { id: org_id, name: org_id, api_url: here, proxy_url: here, git_metadata: { collect: 'none' } }
  return Response.json({ org_info: [organization] })
}

/** `POST /api/project/register`: rows go to the key's project, whatever its name is there. */
export async function postProject(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { org_id, project_id } = await admitKey(keyInHeaders(request.headers), env, ctx)
  const asked = jsonOf(await readBody(request))
  const given = isPlainObject(asked) ? asked.project_name : undefined
  const name = typeof given === 'string' ? given : project_id
  return Response.json({ org_id, project: { id: project_id, org_id, name } })
}

/** `GET /version`: how many bytes of rows may come at once. */
export async function getVersion(): Promise<Response> {
  return Response.json({ logs3_payload_max_bytes: BODY_BYTES_MAX })
}

/** `POST /logs3`. */
export const postRows = postWire({
  client: 'braintrust',
  isJoined: true,
  read: (body) => fromBraintrust(listIn(jsonOf(body), 'rows')),
  answer: (taken) => {
    assertAnyTaken(taken)
    const rejected = refusalsOf(taken)
    return Response.json({ ids: [], ...(rejected.length > 0 && { rejected }) }, { headers: receiptHeaders(taken) })
  },
})
