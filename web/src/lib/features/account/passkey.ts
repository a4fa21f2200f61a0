/** Thrown when the person, or the device, said no: nothing is wrong with us. */
export class PasskeyRefused extends Error {}

const BASE = '/api/auth/passkey'

/** Whether this browser can use passkeys. */
export function canUsePasskeys(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential
}

/** Makes a passkey on this device and keeps its public half with the account. @throws PasskeyRefused, Error. */
export async function addPasskey(name: string): Promise<void> {
  const options = await ask<PublicKeyCredentialCreationOptionsJSON>(
    `/generate-register-options?${new URLSearchParams({ name }).toString()}`,
  )
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  const response = await prompted(() => navigator.credentials.create({ publicKey }))
  await ask('/verify-registration', { response, name })
}

/** Signs in with a passkey that the person chooses. @throws PasskeyRefused, Error. */
export async function signInWithPasskey(): Promise<void> {
  const options = await ask<PublicKeyCredentialRequestOptionsJSON>('/generate-authenticate-options')
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  const response = await prompted(() => navigator.credentials.get({ publicKey }))
  await ask('/verify-authentication', { response })
}

async function prompted(prompt: () => Promise<Credential | null>): Promise<unknown> {
  try {
    const credential = await prompt()
    if (credential instanceof PublicKeyCredential) return credential.toJSON()
  } catch (error) {
    if (!(error instanceof DOMException)) throw error
  }
  throw new PasskeyRefused()
}

async function ask<T>(path: string, body?: object): Promise<T> {
  const response = await fetch(BASE + path, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  if (response.status === 429) throw new Error('Too many tries. Wait a minute, then try again.')
  if (!response.ok) throw new Error('The server did not take this passkey.')
  return (await response.json()) as T
}
