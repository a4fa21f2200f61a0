/** What is looked for: first what tells of a person, then what opens a door. */
export const PII_TYPES = [
  'email',
  'phone',
  'card',
  'iban',
  'ssn',
  'national_id',
  'ip',
  'agentops_key',
  'aws_key',
  'provider_key',
  'github_token',
  'slack_token',
  'jwt',
  'bearer_token',
  'private_key',
  'url_credentials',
] as const
export type PiiType = (typeof PII_TYPES)[number]
export type PiiCounts = Partial<Record<PiiType, number>>

/** A place in a text, end exclusive. */
export interface Finding {
  type: PiiType
  start: number
  end: number
}
