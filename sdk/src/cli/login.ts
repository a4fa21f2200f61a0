import type { Me } from '../contract.ts'
import { Api, detailOf } from './api.ts'
import { ask, fromStdin } from './ask.ts'
import { text, type Call, type Command } from './command.ts'
import { configFile, forgetAccount, saveAccount, withoutSlash, type Account } from './config.ts'
import { CliError } from './failure.ts'

export const login: Command = {
  usage: '[--email ADDRESS [--code CODE] | --key-stdin]',
  summary: 'Keep a key or a session for the other commands',
  help: `Asks for an API key, or with --email for the password of your account. What is kept is readable by you alone,
and sent to this server only. With a key, --project says of which project the commands are.

  --email ADDRESS    open a session instead of keeping a key; keys, budgets and export need one
  --key-stdin        read the key from standard input
  --password-stdin   read the password from standard input
  --code CODE        the six digits of your authenticator, where the account asks for them`,
  options: {
    email: { type: 'string' },
    'key-stdin': { type: 'boolean' },
    'password-stdin': { type: 'boolean' },
    code: { type: 'string' },
  },
  async run(call) {
    const { values, env, out } = call
    const url = withoutSlash(text(values, 'url') ?? env['AGENTOPS_URL'] ?? 'http://localhost:8787')
    const org = text(values, 'org')
    const project = text(values, 'project')
    const email = text(values, 'email')
    const about: Account = { url, ...(org !== undefined && { org }), ...(project !== undefined && { project }) }
    const account = email === undefined ? await withKey(about, call) : await withSession(about, email, call)
    const file = configFile(env)
    saveAccount(file, account)
    if (out.isJson) out.json({ url, file, as: email ?? 'key' })
    else out.line(`Signed in at ${url}${email === undefined ? ' with a key' : ` as ${email}`}; kept in ${file}.`)
  },
}

export const logout: Command = {
  usage: '',
  summary: 'Forget what login kept',
  help: 'Removes the file. A key is not revoked by this: see agentops keys revoke.',
  options: {},
  async run({ env, out }) {
    const file = configFile(env)
    forgetAccount(file)
    out.note(`Removed ${file}.`)
  },
}

async function withKey(about: Account, { values }: Call): Promise<Account> {
  const key =
    values['key-stdin'] === true ? await fromStdin() : (await ask('API key: ', true, 'use --key-stdin')).trim()
  if (key === '') throw new CliError('No key was given.', 2)
  // An empty batch changes nothing, and says whether the key exists.
  const response = await new Api({ ...about, key }).raw('/v1/events', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{"events":[]}',
  })
  if (response.status === 401) throw new CliError(`${about.url} does not know this key: ${await detailOf(response)}`)
  return { ...about, key }
}

async function withSession(about: Account, email: string, { values }: Call): Promise<Account> {
  const password =
    values['password-stdin'] === true ? await fromStdin() : await ask('Password: ', true, 'use --password-stdin')
  const api = new Api(about)
  const post = (path: string, body: object, cookie: string) =>
    api.raw(path, {
      method: 'POST',
      headers: { origin: about.url, 'content-type': 'application/json', cookie },
      body: JSON.stringify(body),
    })
  let response = await post('/api/auth/sign-in/email', { email, password }, '')
  if (!response.ok) throw new CliError(`Cannot sign in as ${email}: ${await detailOf(response)}`)
  let cookie = cookiesOf(response)
  const { twoFactorRedirect } = JSON.parse(await response.text()) as { twoFactorRedirect?: boolean }
  if (twoFactorRedirect === true) {
    const code = text(values, 'code') ?? (await ask('Code of your authenticator: ', false, 'use --code'))
    response = await post('/api/auth/two-factor/verify-totp', { code: code.trim() }, cookie)
    if (!response.ok) throw new CliError(`The code was not accepted: ${await detailOf(response)}`)
    cookie = cookiesOf(response)
  }
  const account = { ...about, cookie }
  await new Api(account).json<Me>('GET', '/api/v1/me')
  return account
}

const cookiesOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ')
