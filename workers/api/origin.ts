import type { AuditRecord } from '../contract/audit.ts'

const USER_AGENT_CHARS_MAX = 300

/** Where a request comes from, for the audit log. Only headers that Cloudflare sets are believed. */
export function originOf(headers: Headers): AuditRecord['origin'] {
  return {
    ip: headers.get('cf-connecting-ip'),
    user_agent: headers.get('user-agent')?.slice(0, USER_AGENT_CHARS_MAX) ?? null,
  }
}
