import * as z from 'zod'
import { Cell, ROLES, Scope } from './tenant.ts'

/** Bodies and answers of `/api/v1`. Money is a decimal string of US dollars, times are RFC 3339 UTC. */
export const UsdString = z
  .string()
  .regex(/^-?\d+\.\d{9}$/)
  .meta({ description: 'US dollars with nine decimals', example: '12.345678901' })
export const Slug = z
  .string()
  .min(2)
  .max(48)
  .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])$/, 'lower-case letters, digits and inner hyphens')
const name = z.string().trim().min(1).max(80)

export const Role = z.enum(ROLES)
export type Role = z.infer<typeof Role>

export const Page = <T extends z.ZodType>(item: T) =>
  z.object({ data: z.array(item), next_cursor: z.string().nullable() })

export const Org = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  region: Cell,
  time_zone: z.string().meta({ description: 'IANA zone of its budgets’ days, weeks and months' }),
  created_at: z.string(),
})
export type Org = z.infer<typeof Org>
const TimeZone = z.string().min(1).max(64).meta({ description: 'IANA, like Europe/Berlin' })
export const OrgCreate = z.object({ name, slug: Slug.optional(), region: Cell, time_zone: TimeZone.default('UTC') })
/** A new organization comes with a default workspace and project. */
export const OrgCreated = Org.extend({ default_workspace_id: z.string(), default_project_id: z.string() })
export type OrgCreated = z.infer<typeof OrgCreated>

export const Me = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    email: z.string(),
    email_verified: z.boolean(),
    two_factor_enabled: z.boolean(),
  }),
  orgs: z.array(Org.extend({ role: Role })),
})
export type Me = z.infer<typeof Me>

export const AccountDelete = z.object({
  confirm: z.string().meta({ description: 'The e-mail address of the account' }),
})
/** What a form of the dashboard gives a name by. */
export const NameInput = z.object({ name })
export const OrgUpdate = z.object({ name: name.optional(), time_zone: TimeZone.optional() })

const projectIds = z
  .array(z.string().min(1).max(100))
  .max(200)
  .nullable()
  .meta({ description: 'The only projects that this member sees; null means all' })

export const Member = z.object({
  user_id: z.string(),
  name: z.string(),
  email: z.string(),
  role: Role,
  project_ids: projectIds,
  two_factor_enabled: z.boolean(),
  joined_at: z.string(),
})
export type Member = z.infer<typeof Member>
export const MemberUpdate = z
  .object({ role: Role.optional(), project_ids: projectIds.optional() })
  .refine((change) => change.role !== undefined || change.project_ids !== undefined, 'Say what to change.')
export const Transfer = z.object({ user_id: z.string().min(1).max(100) })

export const Invitation = z.object({
  id: z.string(),
  email: z.string(),
  role: Role,
  project_ids: projectIds,
  invited_by: z.string(),
  created_at: z.string(),
  expires_at: z.string(),
  state: z.enum(['open', 'accepted', 'revoked', 'expired']),
})
export type Invitation = z.infer<typeof Invitation>
export const InvitationCreate = z.object({
  email: z.email().max(254),
  role: Role.default('developer'),
  project_ids: projectIds.default(null),
})
/** What whoever holds the link of an invitation may know before they sign in. */
export const InvitationOffer = z.object({
  org_name: z.string(),
  org_slug: z.string(),
  email: z.string(),
  role: Role,
  invited_by: z.string(),
  expires_at: z.string(),
})
export type InvitationOffer = z.infer<typeof InvitationOffer>
export const InvitationToken = z.object({ token: z.string().min(20).max(100) })

export const Workspace = z.object({
  id: z.string(),
  org_id: z.string(),
  slug: z.string(),
  name: z.string(),
  created_at: z.string(),
})
export type Workspace = z.infer<typeof Workspace>
export const WorkspaceCreate = z.object({ name, slug: Slug.optional() })

export const Project = z.object({
  id: z.string(),
  org_id: z.string(),
  workspace_id: z.string(),
  slug: z.string(),
  name: z.string(),
  keep_content: z.boolean(),
  region: Cell,
  created_at: z.string(),
})
export type Project = z.infer<typeof Project>
export const ProjectCreate = z.object({ name, slug: Slug.optional(), workspace_id: z.string().optional() })
export const ProjectUpdate = z.object({ name: name.optional(), keep_content: z.boolean().optional() })

export const Key = z.object({
  id: z.string(),
  name: z.string(),
  project_id: z.string().nullable().meta({ description: 'Null: the whole organization' }),
  principal_id: z.string().nullable().meta({ description: 'The service principal that acts by this key' }),
  environment: z.string().nullable().meta({ description: 'The only one that its events can be of' }),
  scopes: z.array(Scope),
  hint: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  rotated_to: z.string().nullable().meta({ description: 'The key that took its place' }),
  last_used_at: z.string().nullable().meta({ description: 'To the hour' }),
})
export type Key = z.infer<typeof Key>
export const KeyCreate = z.object({
  name,
  scopes: z.array(Scope).min(1),
  expires_at: z.iso.datetime({ offset: true }).optional(),
  principal_id: z.string().min(1).max(100).optional(),
  environment: z.string().trim().min(1).max(200).optional(),
})
export const KeyRotate = z.object({
  overlap_hours: z
    .number()
    .min(0)
    .max(720)
    .default(24)
    .meta({ description: 'How long the old key still works beside the new one' }),
})
export const KeyCreated = Key.extend({ key: z.string().meta({ description: 'Shown this once' }) })
export type KeyCreated = z.infer<typeof KeyCreated>

const DOMAIN = /^(?=.{4,253}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i
export const SsoInput = z.object({
  domain: z
    .string()
    .regex(DOMAIN, 'a domain such as example.com')
    .meta({ description: 'Of the addresses that sign in' }),
  issuer: z.url().max(500).meta({ description: 'Of the OpenID provider' }),
  client_id: z.string().min(1).max(500),
  client_secret: z.string().min(1).max(2000),
  role: Role.exclude(['owner']).default('developer').meta({ description: 'Of whoever comes for the first time' }),
})
export const SsoConnection = z.object({
  domain: z.string(),
  issuer: z.string(),
  client_id: z.string(),
  role: Role,
  created_at: z.string(),
  verified_at: z.string().nullable(),
  dns_name: z.string().meta({ description: 'Where the TXT record goes that proves the domain' }),
  dns_value: z.string(),
  redirect_uri: z.string().meta({ description: 'To be allowed at the provider' }),
})
export type SsoConnection = z.infer<typeof SsoConnection>

/** A program that acts by itself: its role bounds what its keys may do. */
export const Principal = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  created_at: z.string(),
  disabled_at: z.string().nullable(),
})
export type Principal = z.infer<typeof Principal>
export const PrincipalCreate = z.object({ name, role: Role.exclude(['owner']).default('operator') })
export const PrincipalUpdate = z.object({
  name: name.optional(),
  role: Role.exclude(['owner']).optional(),
  disabled: z.boolean().optional(),
})

export const SPEND_GROUPS = [
  'org',
  'workspace',
  'project',
  'agent',
  'workflow',
  'model',
  'provider',
  'user',
  'day',
  'hour',
] as const
/** What spend can be of; each of these may be named several times. */
export const SPEND_FILTERS = [
  'workspace',
  'project',
  'environment',
  'agent',
  'workflow',
  'workflow_version',
  'model',
  'provider',
  'user',
] as const
export type SpendFilter = (typeof SPEND_FILTERS)[number]
export const SpendRow = z.looseObject({
  cost_usd: UsdString,
  tokens_prompt: z.number(),
  tokens_completion: z.number(),
  tokens_cached: z.number(),
  tokens_cache_write: z.number(),
  tokens_reasoning: z.number(),
  entries: z.number(),
  unpriced: z.number(),
})
export type SpendRow = z.infer<typeof SpendRow>
export const SpendAnswer = z.object({ data: z.array(SpendRow), total_cost_usd: UsdString })
export type SpendAnswer = z.infer<typeof SpendAnswer>

export const DeadLetter = z.object({
  batch_id: z.string(),
  events: z.number().nullable(),
  received_at: z.string().nullable(),
  dead_at: z.string(),
  reason: z.string(),
  replayable: z.boolean(),
})
export type DeadLetter = z.infer<typeof DeadLetter>
