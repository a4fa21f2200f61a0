import type * as z from 'zod'
import type { SsoConnection, SsoInput } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { hex } from '../../domain/hex.ts'
import { newId } from '../../domain/id.ts'
import { publicUrl } from '../../domain/public-url.ts'
import type { ConnectionRow, SsoDeps } from './store.ts'

const RANDOM_BYTES = 13
const TOKEN_BYTES = 16
/** Where anybody can have an address, nobody proves a domain of their own. */
const PUBLIC_MAIL = new Set([
  'gmail.com',
  'googlemail.com',
  'outlook.com',
  'hotmail.com',
  'live.com',
  'yahoo.com',
  'icloud.com',
  'me.com',
  'proton.me',
  'protonmail.com',
  'gmx.de',
  'gmx.net',
  'web.de',
  'qq.com',
])

export function connectionView(row: ConnectionRow, origin: string): SsoConnection {
  return {
    domain: row.domain,
    issuer: row.issuer,
    client_id: row.clientId,
    role: row.role,
    created_at: new Date(row.createdMs).toISOString(),
    verified_at: row.verifiedMs === null ? null : new Date(row.verifiedMs).toISOString(),
    dns_name: dnsName(row.domain),
    dns_value: dnsValue(row),
    redirect_uri: `${origin}/api/auth/sso/callback`,
  }
}

/** Sets an organization's provider. Another domain has to be proven anew. */
export async function putConnection(
  deps: SsoDeps,
  orgId: string,
  input: z.infer<typeof SsoInput>,
): Promise<ConnectionRow> {
  const checked = publicUrl(input.issuer, deps.loopback)
  if (!checked.ok) throw invalid('/issuer', checked.detail)
  const domain = input.domain.toLowerCase()
  if (PUBLIC_MAIL.has(domain)) throw invalid('/domain', 'Anybody can have an address here: give a domain of your own.')
  await deps.discover(input.issuer)
  const before = await deps.store.find(orgId)
  const same = before?.domain === domain
  const now = deps.now()
  const row: ConnectionRow = {
    id: before?.id ?? newId('sso', now, deps.random(RANDOM_BYTES)),
    orgId,
    domain,
    issuer: input.issuer.replace(/\/$/, ''),
    clientId: input.client_id,
    clientSecret: await deps.seal(input.client_secret),
    role: input.role,
    token: same ? before.token : hex(deps.random(TOKEN_BYTES)),
    createdMs: before?.createdMs ?? now,
    verifiedMs: same ? before.verifiedMs : null,
  }
  await deps.store.put(row)
  return row
}

/** Looks for the token in the domain's DNS. @throws AppError when it is not there, or the domain is another's. */
export async function verifyDomain(deps: SsoDeps, orgId: string): Promise<ConnectionRow> {
  const row = await deps.store.find(orgId)
  if (row === null) throw new AppError('not_found', 'No single sign-on is set up.')
  const found = await deps.txt(dnsName(row.domain))
  if (!found.includes(dnsValue(row)))
    throw new AppError(
      'conflict',
      found.length === 0
        ? `There is no TXT record at ${dnsName(row.domain)} yet. DNS can take a while.`
        : `The TXT record at ${dnsName(row.domain)} says something else.`,
    )
  const verifiedMs = deps.now()
  await deps.store.markVerified(orgId, verifiedMs)
  return { ...row, verifiedMs }
}

const dnsName = (domain: string) => `_agentops.${domain}`
const dnsValue = ({ token }: ConnectionRow) => `agentops-verify=${token}`

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
