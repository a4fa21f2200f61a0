import type { Role } from '../../workers/contract/api.ts'
import { mailbox } from '../../workers/adapters/mail.ts'
import { bindings, call, signUp, type Caller, type TestTenant } from './api.ts'

export type Person = Caller & { email: string; password: string }

/** The newest mail to an address. */
export async function mailTo(email: string): Promise<{ subject: string; text: string }> {
  const mail = (await mailbox(bindings.KEYS)).find(({ to }) => to === email)
  if (mail === undefined) throw new Error(`no mail to ${email}`)
  return mail
}

/** The last part of the link in the newest mail to an address. */
export async function tokenFor(email: string): Promise<string> {
  const { text } = await mailTo(email)
  return /https?:\/\/\S+\/([^\s/]+)/.exec(text)?.[1] ?? ''
}

/** A new person who was invited and accepted. */
export async function join(
  { owner, org }: TestTenant,
  role: Role,
  project_ids: string[] | null = null,
): Promise<Person & { id: string }> {
  const person = await signUp(role)
  const invited = await call(owner, 'POST', `/api/v1/orgs/${org.id}/invitations`, {
    email: person.email,
    role,
    project_ids,
  })
  if (invited.status !== 201) throw new Error(`the invitation answered ${invited.status}: ${await invited.text()}`)
  const accepted = await call(person, 'POST', '/api/v1/invitations/accept', { token: await tokenFor(person.email) })
  if (accepted.status !== 200) throw new Error(`accepting answered ${accepted.status}: ${await accepted.text()}`)
  const me = await (await call(person, 'GET', '/api/v1/me')).json<{ user: { id: string } }>()
  return { ...person, id: me.user.id }
}
