import type { Mail } from '../services/member/store.ts'

const BOX = 'mail:'
const ATTACHMENT = 'attachment:'
const KEPT_SECONDS = 7 * 86_400
const LISTED_MAX = 50
/** Names sort by age, and a list begins with the newest. */
const FAR_MS = 9_999_999_999_999

export interface MailEnv {
  APP_ENV: string
  /** The address that mail comes from; empty until the operator has set one up. */
  MAIL_FROM: string
  MAIL: SendEmail
  KEYS: KVNamespace
}

export interface BoxedMail extends Omit<Mail, 'attachment'> {
  at: string
  attachment?: { id: string; name: string; type: string; bytes: number }
}

/** Sends mail through Cloudflare; run locally, keeps it in a mailbox instead, where the person at the laptop reads it. */
export function mailSender(env: MailEnv, now: () => number): (mail: Mail) => Promise<void> {
  return async (mail) => {
    if (env.APP_ENV !== 'production') return putInBox(env.KEYS, mail, now())
    if (env.MAIL_FROM === '') throw new Error('MAIL_FROM is not set, so no mail goes out')
    const { to, subject, text, attachment } = mail
    await env.MAIL.send({
      ...{ from: env.MAIL_FROM, to, subject, text },
      ...(attachment && {
        attachments: [
          {
            disposition: 'attachment',
            filename: attachment.name,
            type: attachment.type,
            content: attachment.content,
          },
        ],
      }),
    })
  }
}

async function putInBox(kv: KVNamespace, { attachment, ...mail }: Mail, nowMs: number): Promise<void> {
  const boxed: BoxedMail = { ...mail, at: new Date(nowMs).toISOString() }
  if (attachment !== undefined) {
    const { name, type, content } = attachment
    boxed.attachment = { id: crypto.randomUUID(), name, type, bytes: content.length }
    await kv.put(ATTACHMENT + boxed.attachment.id, content, { expirationTtl: KEPT_SECONDS })
  }
  const place = `${BOX}${FAR_MS - nowMs}:${crypto.randomUUID()}`
  await kv.put(place, JSON.stringify(boxed), { expirationTtl: KEPT_SECONDS })
}

/** What was attached to a mail that was kept. */
export async function boxedAttachment(kv: KVNamespace, id: string): Promise<ArrayBuffer | null> {
  return kv.get(ATTACHMENT + id, 'arrayBuffer')
}

/** What was sent lately, newest first; only where it was kept. */
export async function mailbox(kv: KVNamespace): Promise<BoxedMail[]> {
  const { keys } = await kv.list({ prefix: BOX, limit: LISTED_MAX })
  const mails = await Promise.all(keys.map(({ name }) => kv.get<BoxedMail>(name, 'json')))
  return mails.filter((mail) => mail !== null)
}

/** Removes what was kept for an address. */
export async function removeMail(kv: KVNamespace, email: string): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await kv.list({ prefix: BOX, cursor })
    for (const { name } of page.keys) {
      const mail = await kv.get<BoxedMail>(name, 'json')
      if (mail?.to !== email) continue
      if (mail.attachment) await kv.delete(ATTACHMENT + mail.attachment.id)
      await kv.delete(name)
    }
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
}
