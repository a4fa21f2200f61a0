import type {
  Channel,
  ChannelCreate,
  ChannelMade,
  ChannelsRpc,
  ChannelUpdate,
  Delivery,
} from '../../contract/notify.ts'
import { CHANNELS_MAX, type ChannelSettings } from '../../contract/notify.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import { publicUrl } from '../../domain/public-url.ts'

const RANDOM_BYTES = 13
/** Standard Webhooks: a secret has 24 to 64 random bytes. */
const SECRET_BYTES = 32
const MISSING = 'There is no such channel.'

export interface ChannelDeps {
  /** The object that keeps the channels of this organization. */
  of(tenant: Tenant): ChannelsRpc
  /** Where the caller sees the dashboard: messages link there. */
  origin: string
  /** Whether URLs may lead to this machine. */
  loopback: boolean
  now: () => number
  random: (bytes: number) => Uint8Array
}

/** The channel, with its signing secret this once. @throws AppError invalid_input, conflict. */
export async function createChannel(deps: ChannelDeps, tenant: Tenant, input: ChannelCreate): Promise<ChannelMade> {
  checkUrl(deps, input.settings)
  const id = newId('channel', deps.now(), deps.random(RANDOM_BYTES))
  const secret = input.settings.type === 'webhook' ? newSecret(deps) : null
  const made = await deps.of(tenant).createChannel(placeOf(tenant), deps.origin, id, secret, input)
  if (made === null)
    throw new AppError('conflict', `An organization has at most ${CHANNELS_MAX} channels: remove one first.`)
  return { ...made, signing_secret: secret }
}

/** The channel as it was and as it is. @throws AppError not_found, invalid_input. */
export async function updateChannel(
  deps: ChannelDeps,
  tenant: Tenant,
  id: string,
  change: ChannelUpdate,
): Promise<{ before: Channel; after: Channel }> {
  const before = await readChannel(deps, tenant, id)
  if (change.settings !== undefined) {
    checkUrl(deps, change.settings)
    if (change.settings.type !== before.type)
      throw new AppError(
        'invalid_input',
        `This channel is of the kind ${before.type}: make another for another kind.`,
        {
          errors: [{ pointer: '/settings/type', detail: `is not ${before.type}` }],
        },
      )
  }
  const after = await deps.of(tenant).updateChannel(id, change)
  if (after === null) throw new AppError('not_found', MISSING)
  return { before, after }
}

/** @throws AppError not_found, conflict for one that signs nothing. */
export async function rotateChannelSecret(deps: ChannelDeps, tenant: Tenant, id: string): Promise<ChannelMade> {
  const { type } = await readChannel(deps, tenant, id)
  if (type !== 'webhook') throw new AppError('conflict', 'Only webhooks have a signing secret.')
  const secret = newSecret(deps)
  const after = await deps.of(tenant).rotateSecret(id, secret)
  if (after === null) throw new AppError('not_found', MISSING)
  return { ...after, signing_secret: secret }
}

/** @throws AppError not_found. */
export async function removeChannel(deps: ChannelDeps, tenant: Tenant, id: string): Promise<Channel> {
  const channel = await readChannel(deps, tenant, id)
  await deps.of(tenant).removeChannel(id)
  return channel
}

/** @throws AppError not_found. */
export async function testChannel(deps: ChannelDeps, tenant: Tenant, id: string): Promise<Delivery> {
  const delivery = newId('delivery', deps.now(), deps.random(RANDOM_BYTES))
  const sent = await deps.of(tenant).testChannel(placeOf(tenant), deps.origin, id, delivery)
  if (sent === null) throw new AppError('not_found', MISSING)
  return sent
}

/** @throws AppError not_found for one that was not given up. */
export async function retryDelivery(deps: ChannelDeps, tenant: Tenant, id: string): Promise<Delivery> {
  const again = await deps.of(tenant).retryDelivery(id)
  if (again === null) throw new AppError('not_found', 'There is no such message, or it was not given up.')
  return again
}

async function readChannel(deps: ChannelDeps, tenant: Tenant, id: string): Promise<Channel> {
  const channel = (await deps.of(tenant).channels()).find((one) => one.id === id)
  if (channel === undefined) throw new AppError('not_found', MISSING)
  return channel
}

function checkUrl({ loopback }: ChannelDeps, settings: ChannelSettings): void {
  if (!('url' in settings)) return
  const checked = publicUrl(settings.url, loopback)
  if (!checked.ok)
    throw new AppError('invalid_input', checked.detail, {
      errors: [{ pointer: '/settings/url', detail: checked.detail }],
    })
}

const placeOf = ({ org_id, cell, shard }: Tenant): Tenant => ({ org_id, cell, shard })

function newSecret({ random }: ChannelDeps): string {
  return `whsec_${btoa(String.fromCharCode(...random(SECRET_BYTES)))}`
}
