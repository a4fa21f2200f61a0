import type { Mail } from '../services/member/store.ts'

const BOX = 'mail:'
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

export interface BoxedMail extends Mail {
  at: string
}

/** Sends mail through Cloudflare; run locally, keeps it in a mailbox instead, where the person at the laptop reads it. */
export function mailSender(env: MailEnv, now: () => number): (mail: Mail) => Promise<void> {
  return async (mail) => {
    if (env.APP_ENV !== 'production') {
      const at = now()
      const name = `${BOX}${FAR_MS - at}:${crypto.randomUUID()}`
      await env.KEYS.put(name, JSON.stringify({ ...mail, at: new Date(at).toISOString() }), {
        expirationTtl: KEPT_SECONDS,
      })
      return
    }
    if (env.MAIL_FROM === '') throw new Error('MAIL_FROM is not set, so no mail goes out')
    await env.MAIL.send({ from: env.MAIL_FROM, to: mail.to, subject: mail.subject, text: mail.text })
  }
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
    for (const { name } of page.keys) if ((await kv.get<BoxedMail>(name, 'json'))?.to === email) await kv.delete(name)
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
}
