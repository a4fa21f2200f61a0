import { integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { ROLES } from '../../contract/tenant.ts'

/** The control database, as migrations/control makes it. The first seven tables are better-auth's. */
const at = (name: string) => integer(name, { mode: 'timestamp_ms' })

export const user = sqliteTable('user', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  email: text('email').notNull().unique(),
  emailVerified: integer('email_verified', { mode: 'boolean' }).notNull().default(false),
  image: text('image'),
  twoFactorEnabled: integer('two_factor_enabled', { mode: 'boolean' }).notNull().default(false),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
})

export const session = sqliteTable('session', {
  id: text('id').primaryKey(),
  expiresAt: at('expires_at').notNull(),
  token: text('token').notNull().unique(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
  ipAddress: text('ip_address'),
  userAgent: text('user_agent'),
  userId: text('user_id').notNull(),
})

export const account = sqliteTable('account', {
  id: text('id').primaryKey(),
  accountId: text('account_id').notNull(),
  providerId: text('provider_id').notNull(),
  userId: text('user_id').notNull(),
  accessToken: text('access_token'),
  refreshToken: text('refresh_token'),
  idToken: text('id_token'),
  accessTokenExpiresAt: at('access_token_expires_at'),
  refreshTokenExpiresAt: at('refresh_token_expires_at'),
  scope: text('scope'),
  password: text('password'),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
})

export const verification = sqliteTable('verification', {
  id: text('id').primaryKey(),
  identifier: text('identifier').notNull(),
  value: text('value').notNull(),
  expiresAt: at('expires_at').notNull(),
  createdAt: at('created_at'),
  updatedAt: at('updated_at'),
})

export const twoFactor = sqliteTable('two_factor', {
  id: text('id').primaryKey(),
  userId: text('user_id').notNull(),
  secret: text('secret').notNull(),
  backupCodes: text('backup_codes').notNull(),
  verified: integer('verified', { mode: 'boolean' }).notNull().default(true),
  failedVerificationCount: integer('failed_verification_count').notNull().default(0),
  lockedUntil: at('locked_until'),
})

export const passkey = sqliteTable('passkey', {
  id: text('id').primaryKey(),
  name: text('name'),
  publicKey: text('public_key').notNull(),
  userId: text('user_id').notNull(),
  credentialID: text('credential_id').notNull().unique(),
  counter: integer('counter').notNull(),
  deviceType: text('device_type').notNull(),
  backedUp: integer('backed_up', { mode: 'boolean' }).notNull(),
  transports: text('transports'),
  createdAt: at('created_at'),
  aaguid: text('aaguid'),
})

export const rateLimit = sqliteTable('rate_limit', {
  id: text('id').primaryKey(),
  key: text('key').notNull().unique(),
  count: integer('count').notNull(),
  lastRequest: integer('last_request').notNull(),
})

export const organization = sqliteTable('organization', {
  id: text('id').primaryKey(),
  slug: text('slug').notNull().unique(),
  name: text('name').notNull(),
  cell: text('cell', { enum: ['global', 'eu', 'us'] }).notNull(),
  shard: integer('shard').notNull(),
  createdMs: integer('created_ms').notNull(),
  timeZone: text('time_zone').notNull().default('UTC'),
  deletedMs: integer('deleted_ms'),
})

export const member = sqliteTable(
  'member',
  {
    orgId: text('org_id').notNull(),
    userId: text('user_id').notNull(),
    role: text('role', { enum: ROLES }).notNull(),
    restricted: integer('restricted', { mode: 'boolean' }).notNull().default(false),
    createdMs: integer('created_ms').notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.userId] })],
)

export const memberProject = sqliteTable(
  'member_project',
  {
    orgId: text('org_id').notNull(),
    userId: text('user_id').notNull(),
    projectId: text('project_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.orgId, table.userId, table.projectId] })],
)

export const invitation = sqliteTable('invitation', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull(),
  email: text('email').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  projectIds: text('project_ids', { mode: 'json' }).$type<string[]>(),
  tokenHash: text('token_hash').notNull().unique(),
  invitedBy: text('invited_by').notNull(),
  createdMs: integer('created_ms').notNull(),
  expiresMs: integer('expires_ms').notNull(),
  acceptedMs: integer('accepted_ms'),
  revokedMs: integer('revoked_ms'),
})

export const ssoConnection = sqliteTable('sso_connection', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull().unique(),
  domain: text('domain').notNull(),
  issuer: text('issuer').notNull(),
  clientId: text('client_id').notNull(),
  clientSecret: text('client_secret').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  token: text('token').notNull(),
  createdMs: integer('created_ms').notNull(),
  verifiedMs: integer('verified_ms'),
})

export const servicePrincipal = sqliteTable('service_principal', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull(),
  name: text('name').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  createdBy: text('created_by').notNull(),
  createdMs: integer('created_ms').notNull(),
  disabledMs: integer('disabled_ms'),
})

export const workspace = sqliteTable('workspace', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull(),
  slug: text('slug').notNull(),
  name: text('name').notNull(),
  createdMs: integer('created_ms').notNull(),
})

export const project = sqliteTable('project', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull(),
  workspaceId: text('workspace_id').notNull(),
  slug: text('slug').notNull(),
  name: text('name').notNull(),
  keepContent: integer('keep_content', { mode: 'boolean' }).notNull().default(false),
  eventsDays: integer('events_days'),
  tracesDays: integer('traces_days'),
  metricsDays: integer('metrics_days'),
  archiveDays: integer('archive_days'),
  deletedMs: integer('deleted_ms'),
  createdMs: integer('created_ms').notNull(),
})

export const apiKey = sqliteTable('api_key', {
  id: text('id').primaryKey(),
  orgId: text('org_id').notNull(),
  projectId: text('project_id'),
  principalId: text('principal_id'),
  environment: text('environment'),
  name: text('name').notNull(),
  hash: text('hash').notNull().unique(),
  hint: text('hint').notNull(),
  scopes: text('scopes').notNull(),
  createdBy: text('created_by').notNull(),
  createdMs: integer('created_ms').notNull(),
  expiresMs: integer('expires_ms'),
  revokedMs: integer('revoked_ms'),
  rotatedTo: text('rotated_to'),
})
