import type { Role } from '../../contract/api.ts'

export interface ConnectionRow {
  id: string
  orgId: string
  domain: string
  issuer: string
  clientId: string
  /** Encrypted. */
  clientSecret: string
  /** Of whoever comes through it for the first time. */
  role: Role
  /** To be found in the domain's DNS. */
  token: string
  createdMs: number
  verifiedMs: number | null
}

export interface SsoStore {
  find(orgId: string): Promise<ConnectionRow | null>
  /** The one that proved the domain. */
  ofDomain(domain: string): Promise<ConnectionRow | null>
  byId(id: string): Promise<ConnectionRow | null>
  put(row: ConnectionRow): Promise<void>
  /** @throws AppError conflict when another organization proved the domain. */
  markVerified(orgId: string, nowMs: number): Promise<void>
  remove(orgId: string): Promise<void>
  /** Makes a person a member unless they are one; whether they were not. */
  join(row: ConnectionRow, userId: string, nowMs: number): Promise<boolean>
}

export interface SsoDeps {
  store: SsoStore
  seal(secret: string): Promise<string>
  /** TXT records of a name; none when there are none. */
  txt(name: string): Promise<string[]>
  /** What the provider says of itself. @throws AppError invalid_input when it cannot be read. */
  discover(issuer: string): Promise<unknown>
  /** Whether providers on this machine may be used. */
  loopback: boolean
  now(): number
  random(bytes: number): Uint8Array
}
